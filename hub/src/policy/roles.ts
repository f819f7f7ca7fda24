import type { AgentRole } from "../services.ts";
import type { Rule } from "./rules.ts";

/** What an agent may be able to do, as the gateway's methods of the work half. `*` matches any run of characters. */
export const CAPABILITIES = {
  /** Writes down what is to do and what was found out. */
  file_work: ["beads.create", "beads.createMany", "beads.update", "beads.comment", "beads.depAdd", "beads.depRemove"],
  claim_bead: ["beads.claim", "beads.claimNext", "beads.release", "beads.heartbeat", "beads.fail"],
  close_work: ["beads.close", "beads.reopen", "beads.batch", "beads.gates", "beads.legacy"],
  /** Its own hook: what hangs there is done or handed on. Git hooks of its worktree call home. */
  execute_task: ["hooks.done", "hooks.handoff", "workers.heartbeat", "worktrees.githook"],
  create_merge_request: ["mergequeue.submit"],
  approve_merge: ["mergequeue.*"],
  collaborate: [
    ...["mail.send", "mail.reply", "mail.read", "mail.ack", "mail.archive", "mail.claim", "mail.release"],
    ...["nudges.nudge", "nudges.take", "nudges.dnd", "nudges.notify"],
  ],
  broadcast: ["nudges.broadcast", "mail.channelSet", "mail.groupSet", "mail.queueSet"],
  ask_for_help: ["escalations.raise"],
  answer_for_help: ["escalations.*"],
  /** Steps of the formula on its own hook. */
  follow_formulas: ["formulas.stepDone", "formulas.squash", "formulas.burn", "formulas.settle"],
  start_formulas: ["formulas.*"],
  create_convoy: ["convoys.*"],
  assign_work: ["hooks.*", "scheduler.*", "mayor.*"],
  monitor_agents: ["witness.*", "supervisor.*"],
  trigger_recovery: ["hooks.recover", "hooks.unsling", "hooks.release", "workers.*", "worktrees.*"],
  manage_rigs: ["rigs.*", "workspaces.*"],
  emergency_stop: ["estop.stop"],
  resume_after_stop: ["estop.*"],
  keep_store: ["beads.delete", "beads.import", "beads.repair", "beads.configure", "mail.remove"],
} as const satisfies Record<string, readonly string[]>;

export type Capability = keyof typeof CAPABILITIES;

const WORKER: readonly Capability[] = [
  ...(["file_work", "claim_bead", "close_work", "execute_task", "create_merge_request"] as const),
  ...(["collaborate", "ask_for_help", "follow_formulas", "emergency_stop"] as const),
];

/** What each role may. `overseer` is the person an agent acts for: everything. */
export const ROLE_CAPABILITIES: Readonly<Record<AgentRole, readonly Capability[]>> = {
  polecat: WORKER,
  crew: [...WORKER, "broadcast", "start_formulas", "create_convoy"],
  witness: [...WORKER, "monitor_agents", "trigger_recovery", "answer_for_help"],
  refinery: [...WORKER, "approve_merge"],
  deacon: [...WORKER, "monitor_agents", "trigger_recovery", "answer_for_help", "assign_work", "broadcast"],
  mayor: [
    ...WORKER,
    ...(["create_convoy", "assign_work", "approve_merge", "broadcast", "start_formulas"] as const),
    ...(["monitor_agents", "answer_for_help"] as const),
  ],
  overseer: Object.keys(CAPABILITIES) as Capability[],
};

/** One rule for each role; a configured rule of the same id replaces it: `{id: agent-crew, names: [mail.*]}`. */
export const ROLE_RULES: readonly Rule[] = (Object.keys(ROLE_CAPABILITIES) as AgentRole[]).map((role) => ({
  id: `agent-${role}`,
  effect: "allow",
  source: "built-in",
  action: "method",
  principals: ["agent"],
  roles: [role],
  names: [...new Set(ROLE_CAPABILITIES[role].flatMap((capability) => CAPABILITIES[capability]))],
}));
