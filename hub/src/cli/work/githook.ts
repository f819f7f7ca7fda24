import { realpathSync } from "node:fs";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import { ReadOnlyFile } from "../../beads/reader.ts";
import { GIT_HOOKS, type GitHook } from "../../rigs/hook-names.ts";
import { type HookPlan, hookPlan } from "../../rigs/hook-plan.ts";
import { EXIT } from "../exit.ts";
import { example, type Family, type Session } from "../session.ts";
import { WorkDoor } from "./door.ts";
import { addTrailer, gateOf, happened, runGate, runOwn, takesInput } from "./githook-tasks.ts";
import { HubSocket } from "./socket.ts";
import { fileText } from "./values.ts";

/** A hub that is slow must not keep a person waiting for a commit. */
const TOLD_MS = 2_000;

/**
 * `barnacle githook <name>`: what git calls in worktrees of rigs. It runs the user's own hooks, then the rig's gate, adds the
 * bead to a commit's message, and tells the hub. Only a hook of the user's or a gate can refuse; a hub that is down cannot.
 */
export const githookFamily: Family = (program, open) => {
  example(
    program
      .command("githook <hook> [args...]", { hidden: true })
      .description("called by git in worktrees of rigs")
      .allowUnknownOption(),
    "barnacle githook post-commit",
  ).action(async (hook: string, args: string[], _flags: object, command: Command) => {
    const session = open(command);
    if (!(GIT_HOOKS as readonly string[]).includes(hook)) {
      throw new BarnacleError("USAGE", `"${hook}" is none of ${GIT_HOOKS.join(", ")}`);
    }
    await hooked(session, hook as GitHook, args);
  });
};

async function hooked(session: Session, hook: GitHook, args: readonly string[]): Promise<void> {
  const directory = realpathSync(".");
  const { stateDir } = new WorkDoor(session);
  const plan = planFor(stateDir, directory);
  const input = takesInput(hook) ? fileText("-") : "";
  const { env, stderr } = session.io;
  const call = { hook, args, directory, input, env };
  const own = runOwn(call, plan?.hooks.user_path ?? "");
  if (own !== 0) {
    session.exit = EXIT.failed;
    return;
  }
  if (!plan?.hooks.enabled) return;
  const gate = gateOf(hook, plan);
  const passed = gate === "" ? undefined : runGate(call, gate);
  if (passed === false) {
    stderr.write(`${hook}: the rig's gate did not pass: ${gate}\n`);
    session.exit = EXIT.failed;
  }
  if (hook === "prepare-commit-msg" && plan.hooks.bead_trailer) addTrailer(call, env.BARNACLE_BEAD || plan.bead);
  const body = { ...happened(call), ...(passed === undefined ? {} : { gate, passed }) };
  await tell(stateDir, { directory, hook, body, actor: env.BARNACLE_ACTOR || plan.agent || env.USER || "git" });
}

/** Null when the store cannot be read as well: what is not known is no gate. */
function planFor(stateDir: string, directory: string): HookPlan | null {
  try {
    const file = new ReadOnlyFile(stateDir);
    try {
      return hookPlan(file, directory);
    } finally {
      file.close();
    }
  } catch {
    return null;
  }
}

/** Nobody there, or too slow: git goes on. */
async function tell(stateDir: string, told: object): Promise<void> {
  const socket = await HubSocket.open(stateDir).catch(() => undefined);
  if (!socket) return;
  const timer = setTimeout(() => socket.close(), TOLD_MS);
  try {
    await socket.call("worktrees.githook", told);
  } catch {
    // The hub's log says why.
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}
