import { grants, type ScopeName } from "@barnacle/protocol/gateway";
import type { TSchema } from "@sinclair/typebox";
import { beadMethods } from "../gateway/methods/beads.ts";
import type { Method } from "../gateway/methods/method.ts";
import { townMethods } from "../gateway/methods/town-families.ts";

/** A method of the gateway as a tool: schema, scope and the way to its effect are the method's own. */
export interface Verb {
  /** `beads_create` of `beads.create`. */
  readonly tool: string;
  readonly method: string;
  readonly about: string;
  readonly params: TSchema;
  /** It changes nothing. */
  readonly reads: boolean;
  readonly access: Method["access"];
}

/** What agents are offered, with what each is for. Bulk transfers, repairs and what only people should do are not. */
const ABOUT: Readonly<Record<string, string>> = {
  "beads.create":
    "Make a work item (bead): title, description, issue_type, priority (0 most urgent to 4), labels, parent, dependencies [{on, kind}].",
  "beads.show": "Whole beads by id: description, dependencies, dependents, comments, and why one is not ready.",
  "beads.list":
    "Beads by status, type, priority, assignee, labels, text, dates, or a query; without a filter all that are not done.",
  "beads.ready": "Work that can be started now: open, and nothing in its way. The most urgent first.",
  "beads.blocked": "Open beads that wait, each with what it waits for.",
  "beads.explain": "What is ready and why, what is blocked by what, and rings.",
  "beads.children": "The parts of a bead.",
  "beads.tree": "What a bead waits for, whole; with up: what waits for it.",
  "beads.count": "How many beads, by status, priority, type, assignee or label.",
  "beads.stats": "Counts of the store: open, ready, blocked, closed, lead time.",
  "beads.events": "Who changed what when, of one bead or of all.",
  "beads.update":
    "Change beads: fields {title, description, notes, status, priority, assignee, …}, labels, notes to append, metadata, parent.",
  "beads.close": "Close beads with a reason. A word such as failed in it says that the work did not succeed.",
  "beads.reopen": "Open closed beads again.",
  "beads.claim":
    "Make a bead yours before you work on it; of many at once one wins. leaseMs: it ends without a heartbeat.",
  "beads.claimNext": "Claim the first bead that is ready; null when there is none.",
  "beads.release": "Give claimed beads back.",
  "beads.heartbeat": "Say that work on a claimed bead goes on.",
  "beads.fail": "Say that an attempt came to nothing; the bead may be tried again.",
  "beads.comment": "Say something about a bead.",
  "beads.depAdd":
    "`id` depends on `on`: blocks (default), parent-child, conditional-blocks, waits-for, related, discovered-from, …",
  "beads.depRemove": "Remove a dependency.",
  "convoys.create": "A batch of beads that is tracked until all are done and then lands once.",
  "convoys.list": "Convoys with their progress.",
  "convoys.status": "One convoy: what it tracks, what is done, what stands against landing.",
  "convoys.add": "Track more beads in a convoy.",
  "convoys.close": "Close a convoy by hand; refused while something of it is open, unless forced.",
  "convoys.land": "Close a convoy whose work is done and merged.",
  "convoys.stranded": "Open convoys with ready work that nobody does.",
  "hooks.sling": "Give a bead to a worker, or to a rig that finds one; the worker starts with it.",
  "hooks.unsling": "Take a bead off a worker's hook.",
  "hooks.show": "What hangs on a worker's hook.",
  "hooks.list": "Who has what on the hook.",
  "hooks.prime": "What an agent has to know at its start: its hook, its mail, its place.",
  "hooks.done": "Say that the work on your hook is finished: it is handed in.",
  "hooks.handoff": "End this session and leave notes for the next one.",
  "workers.show": "One worker: state, hook, progress, how it ended before.",
  "workers.list": "Workers with their state and what is on their hooks.",
  "mail.send": "A message to an agent or a person; it waits until it is read.",
  "mail.inbox": "Messages for somebody, the newest first.",
  "mail.read": "One message. Reading does not mark it as read.",
  "mail.ack": "Say that messages have been acted on; reading alone does not.",
  "mail.thread": "A conversation, whole.",
  "mail.reply": "Answer a message, in its thread.",
  "nudges.nudge": "Tell a running worker something now, or when it is idle next.",
  "escalations.raise":
    "Call for help with a severity (critical, high, medium, low); told again until somebody acknowledges it.",
  "escalations.list": "Calls for help.",
  "escalations.ack": "Acknowledge a call for help: it is not told again.",
  "escalations.close": "End a call for help.",
  "formulas.list": "Workflows that can be poured.",
  "formulas.show": "One workflow: its variables and steps.",
  "formulas.check": "Everything that is wrong with a workflow, by name or as text.",
  "formulas.cook": "The steps that a workflow makes with these variables; nothing is made.",
  "formulas.pour": "Make the beads of a workflow, all at once; ephemeral: one bead with a checklist.",
  "formulas.run": "Make a convoy workflow's beads and their convoy.",
  "formulas.progress": "How far a poured workflow is: steps done, current, ready, blocked, pending.",
  "formulas.current": "The poured workflow that somebody works on, with its next step.",
  "formulas.molecules": "Poured workflows.",
  "formulas.stepDone": "A step of a poured workflow is done; output is what it gave.",
  "mergequeue.status": "The merge queue of a rig: what waits, what is being tested.",
  "mergequeue.show": "One merge request with its evidence.",
  "mergequeue.list": "Merge requests and their state.",
  "rigs.list": "Repositories under management.",
  "scheduler.enqueue": "Let a bead wait for a free worker of a rig.",
  "mayor.goal": "Give the mayor a goal: it is split into beads, tracked by a convoy and given to workers.",
  "scheduler.status": "What waits for workers.",
};

let found: readonly Verb[] | undefined;

/** All of them, in the order of the method table. */
export function verbs(): readonly Verb[] {
  found ??= [...beadMethods, ...townMethods].flatMap(({ name, access, params, records }) => {
    const about = ABOUT[name];
    if (about === undefined || params === undefined) return [];
    return [{ tool: name.replaceAll(".", "_"), method: name, about, params, reads: records === undefined, access }];
  });
  return found;
}

/** Those that somebody with these scopes may use. */
export function verbsFor(scopes: readonly string[]): readonly Verb[] {
  return verbs().filter(({ access }) => access !== "node" && grants(scopes, access as ScopeName));
}
