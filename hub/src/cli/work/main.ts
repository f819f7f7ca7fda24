import { homedir } from "node:os";
import type { Command } from "commander";
import type { ExitCode } from "../exit.ts";
import type { Io } from "../io.ts";
import { nodeProcessIo } from "../process-io.ts";
import type { Family, Session } from "../session.ts";
import { beadCommand } from "./bead-command.ts";
import { runQuickly } from "./quick.ts";

type Add = (parent: Command, open: (command: Command) => Session) => void;

const part = (name: Promise<Record<string, unknown>>, add: string): Promise<Add> =>
  name.then((module) => module[add] as Add);

/** Commands that are given most, each in a module of its own: nothing else of the family is loaded for them. */
const PARTS: Readonly<Record<string, () => Promise<Add>>> = {
  create: () => part(import("./bead-create.ts"), "addCreate"),
  ready: () => part(import("./ready.ts"), "addReady"),
  show: () => part(import("./bead-reads.ts"), "addReads"),
  list: () => part(import("./bead-reads.ts"), "addReads"),
  update: () => part(import("./bead-changes.ts"), "addChanges"),
  close: () => part(import("./bead-changes.ts"), "addChanges"),
  claim: () => part(import("./bead-work.ts"), "addWork"),
};

const family = (name: Promise<Record<string, unknown>>, which: string): Promise<Family> =>
  name.then((module) => module[which] as Family);

/** Families by the word they begin with, each loaded alone: `convoy: () => family(import("./convoy.ts"), "convoyFamily")`. */
const FAMILY: Readonly<Record<string, () => Promise<Family>>> = {
  ready: () => family(import("./ready.ts"), "readyFamily"),
  convoy: () => family(import("./convoy.ts"), "convoyFamily"),
  workspace: () => family(import("./workspace.ts"), "workspaceFamily"),
  rig: () => family(import("./rig.ts"), "rigFamily"),
  worktree: () => family(import("./worktree.ts"), "worktreeFamily"),
  crew: () => family(import("./crew.ts"), "crewFamily"),
  githook: () => family(import("./githook.ts"), "githookFamily"),
  sling: () => family(import("./sling.ts"), "slingFamily"),
  unsling: () => family(import("./sling.ts"), "unslingFamily"),
  release: () => family(import("./sling.ts"), "releaseFamily"),
  hook: () => family(import("./hook.ts"), "hookFamily"),
  prime: () => family(import("./hook.ts"), "primeFamily"),
  done: () => family(import("./done.ts"), "doneFamily"),
  handoff: () => family(import("./done.ts"), "handoffFamily"),
  agents: () => family(import("./agents.ts"), "agentsFamily"),
  polecat: () => family(import("./agents.ts"), "polecatFamily"),
  peek: () => family(import("./agents.ts"), "peekFamily"),
  scheduler: () => family(import("./scheduler.ts"), "schedulerFamily"),
  mayor: () => family(import("./mayor.ts"), "mayorFamily"),
  witness: () => family(import("./witness.ts"), "witnessFamily"),
  supervisor: () => family(import("./supervisor.ts"), "supervisorFamily"),
  deacon: () => family(import("./supervisor.ts"), "deaconFamily"),
  mail: () => family(import("./mail.ts"), "mailFamily"),
  nudge: () => family(import("./nudge.ts"), "nudgeFamily"),
  broadcast: () => family(import("./nudge.ts"), "broadcastFamily"),
  dnd: () => family(import("./nudge.ts"), "dndFamily"),
  notify: () => family(import("./nudge.ts"), "notifyFamily"),
  escalate: () => family(import("./escalate.ts"), "escalateFamily"),
  formula: () => family(import("./formula.ts"), "formulaFamily"),
  cook: () => family(import("./formula.ts"), "cookFamily"),
  mcp: () => family(import("./mcp.ts"), "mcpFamily"),
  mol: () => family(import("./mol.ts"), "molFamily"),
  feed: () => family(import("./feed.ts"), "feedFamily"),
  estop: () => family(import("./estop.ts"), "estopFamily"),
  mq: () => family(import("./mq.ts"), "mqFamily"),
  refinery: () => family(import("./refinery.ts"), "refineryFamily"),
  town: () => family(import("./town.ts"), "townFamily"),
  thaw: () => family(import("./estop.ts"), "thawFamily"),
};

/** `barnacle bead …`, `barnacle ready` and the town's commands, started by the short way. */
export async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const families = await familiesFor(argv);
  const io = nodeProcessIo(process, homedir());
  process.exitCode = (await runQuickly(families, argv, io)) ?? (await runWithCommander(families, argv, io));
}

async function runWithCommander(families: readonly Family[], argv: readonly string[], io: Io): Promise<ExitCode> {
  const [{ programOf }, { runProgram }] = await Promise.all([import("../program-of.ts"), import("../run-program.ts")]);
  return runProgram((given, open) => programOf(families, given, open), argv, io);
}

async function familiesFor([family, command = ""]: readonly string[]): Promise<readonly Family[]> {
  const alone = FAMILY[family ?? ""];
  if (alone) return [await alone()];
  const load = family === "bead" ? PARTS[command] : undefined;
  if (!load) return (await import("./families.ts")).WORK_FAMILIES;
  const add = await load();
  return [(program, open) => add(beadCommand(program), open)];
}
