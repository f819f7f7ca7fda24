import { spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import type { GitHook } from "../../rigs/hook-names.ts";
import type { HookPlan } from "../../rigs/hook-plan.ts";
import { maskUrls } from "../../rigs/url.ts";

/** One call by git. */
export interface HookCall {
  readonly hook: GitHook;
  readonly args: readonly string[];
  readonly directory: string;
  /** What git wrote on standard input. */
  readonly input: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Git gives these something to read. */
export function takesInput(hook: GitHook): boolean {
  return hook === "pre-push";
}

export function gateOf(hook: GitHook, { hooks }: HookPlan): string {
  return hook === "pre-commit" ? hooks.pre_commit : hook === "pre-push" ? hooks.pre_push : "";
}

/** The operator's command, by a shell, in the worktree; what it prints is seen. */
export function runGate(call: HookCall, command: string): boolean {
  return ran(call, "/bin/sh", ["-c", command]) === 0;
}

/**
 * The user's own hooks: of the mirror's `hooks` folder, and of the configured one (relative: in the worktree).
 * @returns the first exit code that is not 0
 */
export function runOwn(call: HookCall, userPath: string): number {
  const common = said(call, ["rev-parse", "--git-common-dir"]);
  const folders = [
    ...(common === "" ? [] : [path.resolve(call.directory, common, "hooks")]),
    ...(userPath === "" ? [] : [path.resolve(call.directory, userPath)]),
  ];
  for (const folder of folders) {
    const file = path.join(folder, call.hook);
    const code = runs(file) ? ran(call, file, call.args) : 0;
    if (code !== 0) return code;
  }
  return 0;
}

/** `Bead: sh-a1b` at the end of the message, unless it says so. */
export function addTrailer(call: HookCall, bead: string | null): void {
  const [file] = call.args;
  if (!bead || file === undefined || !/^[A-Za-z0-9][A-Za-z0-9._:-]*-[A-Za-z0-9._:-]+$/.test(bead)) return;
  const trailer = ["--if-exists", "addIfDifferent", "--trailer", `Bead: ${bead}`];
  said(call, ["interpret-trailers", "--in-place", ...trailer, file]);
}

/** What is worth telling, by hook. */
export function happened(call: HookCall): Record<string, unknown> {
  const { hook, args, input } = call;
  if (hook === "post-commit" || hook === "post-merge") {
    const [commit = "", refs = "", subject = ""] = said(call, ["log", "-1", "--format=%H%x00%D%x00%s"]).split("\0");
    const branch = /HEAD -> ([^,]+)/.exec(refs)?.[1];
    return { commit, ...(branch === undefined ? {} : { branch }), subject };
  }
  const branch = said(call, ["symbolic-ref", "--short", "--quiet", "HEAD"]);
  const where = branch === "" ? {} : { branch };
  if (hook === "post-checkout") return { ...where, from: args[0], to: args[1], whole: args[2] === "1" };
  if (hook !== "pre-push") return where;
  const refs = input
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split(" ").slice(0, 3))
    .map(([local, commit, remote]) => ({ local, commit, remote }));
  return { ...where, remote: args[0], url: maskUrls(args[1] ?? ""), refs };
}

function said({ directory, env }: HookCall, args: readonly string[]): string {
  const { stdout } = spawnSync("git", args, {
    cwd: directory,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return (stdout ?? "").replace(/\n$/, "");
}

function ran({ directory, env, input }: HookCall, program: string, args: readonly string[]): number {
  const { status } = spawnSync(program, args, { cwd: directory, env, input, stdio: ["pipe", "inherit", "inherit"] });
  return status ?? 1;
}

function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
