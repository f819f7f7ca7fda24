import { createHash } from "node:crypto";
import type { JsonObject } from "@barnacle/protocol/schema";
import { canonicalJson } from "../audit/index.ts";

/** What an approval is for, exactly. A yes to one of these is a yes to no other. */
export interface BoundCommand {
  readonly nodeId: string | null;
  /** Arguments one by one, when whoever asked named them. */
  readonly argv: readonly string[] | null;
  /** The same as one line. */
  readonly text: string;
  readonly cwd: string | null;
  readonly env: Readonly<Record<string, string>> | null;
}

const RUN = "system.run";

/** The command that a request for approval names. Source: gateway protocols 3 and 4, `exec.approval.request`. */
export function boundOfRequest(request: JsonObject): BoundCommand {
  const plan = isObject(request.systemRunPlan) ? request.systemRunPlan : {};
  const argv = textList(plan.argv) ?? textList(request.commandArgv);
  const said = textOf(plan.commandText) ?? textOf(request.command);
  // Whoever decides reads the line, so it may not say anything but what the arguments do.
  const text = argv === null || isShellLine(argv, said) ? (said ?? "") : lineOf(argv);
  return {
    nodeId: textOf(request.nodeId) ?? null,
    argv,
    text,
    cwd: textOf(plan.cwd) ?? textOf(request.cwd) ?? null,
    env: envOf(request.env),
  };
}

/** The request as people see it: nowhere in it stands another command than the one that a yes is for. */
export function asBound(request: JsonObject, { text, argv }: BoundCommand): JsonObject {
  const { systemRunPlan: plan, commandArgv } = request;
  return {
    ...{ ...request, command: text },
    ...(isObject(plan) ? { systemRunPlan: { ...plan, commandText: text } } : {}),
    ...(commandArgv === undefined || argv === null ? {} : { commandArgv: argv }),
  };
}

/** The command that is about to be sent to a node. */
export function boundOfCommand(nodeId: string, command: string, params: JsonObject): BoundCommand {
  if (command !== RUN) {
    return { nodeId, argv: null, text: `${command} ${canonicalJson(params)}`, cwd: null, env: null };
  }
  const argv = textList(params.command) ?? (textOf(params.command) === undefined ? null : [String(params.command)]);
  const raw = textOf(params.rawCommand);
  // People read the line; it must be the line of the arguments, or what a shell is given.
  const text = argv === null || isShellLine(argv, raw) ? (raw ?? "") : lineOf(argv);
  return { nodeId, argv, text, cwd: textOf(params.cwd) ?? null, env: envOf(params.env) };
}

/** Whether the yes that was given to `approved` covers `wanted`. Older clients name neither node nor arguments, only the line. */
export function covers(approved: BoundCommand, wanted: BoundCommand): boolean {
  if (approved.nodeId !== null && approved.nodeId !== wanted.nodeId) return false;
  const same =
    approved.argv === null
      ? approved.text === wanted.text
      : canonicalJson(approved.argv) === canonicalJson(wanted.argv);
  if (!same) return false;
  return approved.cwd === wanted.cwd && canonicalJson(approved.env) === canonicalJson(wanted.env);
}

export function digestOf(bound: BoundCommand): string {
  return createHash("sha256").update(canonicalJson(bound)).digest("hex");
}

/** Arguments as one line that a shell would split the same way. */
export function lineOf(argv: readonly string[]): string {
  return argv
    .map((one) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(one) ? one : `"${one.replace(/(["\\$`])/g, "\\$1")}"`))
    .join(" ");
}

/** `sh -c <text>`: the line is what the shell is given. */
function isShellLine(argv: readonly string[], text: string | undefined): boolean {
  if (argv.length !== 3) return false;
  const [shell, flag, line] = argv as [string, string, string];
  return /^(\/(usr\/)?bin\/)?(ba|z|da)?sh$/.test(shell) && /^-l?c$/.test(flag) && line === text;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

function textList(value: unknown): string[] | null {
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string") ? value : null;
}

function envOf(value: unknown): Record<string, string> | null {
  if (!isObject(value) || Object.keys(value).length === 0) return null;
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
