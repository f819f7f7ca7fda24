import type { WitnessConfig } from "../config/roles.ts";
import type { WatchedAgent } from "./ports.ts";

export type CauseKind =
  | "silent"
  | "stuck"
  | "unstarted"
  | "dead"
  | "crash-loop"
  | "mass-death"
  | "error-rate"
  | "zombie";

/** Something that is not as it should be. */
export interface Finding {
  /** The same for the same trouble: `silent:barn/polecats/toast`. */
  readonly cause: string;
  readonly kind: CauseKind;
  readonly agent?: string;
  readonly bead?: string;
  /** What a person reads. */
  readonly text: string;
}

/** A rig at one moment. */
export interface RigSnapshot {
  readonly agents: readonly WatchedAgent[];
  /** Attempts of late, when they were counted. */
  readonly attempts?: { readonly done: number; readonly failed: number } | undefined;
  /** Agents without a process whose worktree holds work that nobody else has. */
  readonly dirty?: ReadonlySet<string>;
}

const MS = 1000;
const ACTIVE: ReadonlySet<string> = new Set(["spawning", "working", "running"]);

/** Everything that is wrong in a rig now. For one agent the gravest: a crash loop is no silence as well. */
export function findings(snapshot: RigSnapshot, settings: WitnessConfig, now: number): Finding[] {
  const ofAgents = snapshot.agents.flatMap((agent) => {
    if (agent.held) return [];
    const found =
      crashLoop(agent, settings, now) ??
      dead(agent) ??
      silent(agent, settings, now) ??
      stuck(agent, settings, now) ??
      zombie(agent, snapshot.dirty);
    return found ? [found] : [];
  });
  return [...ofAgents, ...massDeath(snapshot.agents, settings, now), ...errorRate(snapshot.attempts, settings)];
}

function finding(kind: CauseKind, { address, work }: WatchedAgent, text: string): Finding {
  const bead = work?.bead;
  const cause = [kind, address, ...(bead === undefined ? [] : [bead])].join(":");
  return { cause, kind, agent: address, ...(bead === undefined ? {} : { bead }), text };
}

/** It died again and again with this work. */
function crashLoop(agent: WatchedAgent, { crashes, crashWindowSeconds }: WitnessConfig, now: number) {
  if (!agent.work) return undefined;
  const from = Math.max(now - crashWindowSeconds * MS, agent.work.since);
  const deaths = agent.deaths.filter((at) => at >= from).length;
  if (deaths < crashes) return undefined;
  return finding("crash-loop", agent, `${agent.address} died ${deaths} times at ${agent.work.bead}`);
}

/** Work on its hook, and nobody there who will start it. */
function dead(agent: WatchedAgent): Finding | undefined {
  if (!agent.work || agent.alive || agent.state === "awaiting-gate" || agent.state === "escalated") return undefined;
  const why = agent.reason === undefined ? "" : `: ${agent.reason}`;
  return finding("dead", agent, `${agent.address} has ${agent.work.bead} on its hook and does not run${why}`);
}

function silent(agent: WatchedAgent, settings: WitnessConfig, now: number): Finding | undefined {
  if (!agent.speaks || !agent.alive || !ACTIVE.has(agent.state) || agent.startedAt === undefined) return undefined;
  const { startedAt, heartbeatAt = 0 } = agent;
  const heard = heartbeatAt >= startedAt;
  const quiet = now - Math.max(startedAt, heartbeatAt);
  if (quiet < (heard ? settings.heartbeatTimeoutSeconds : settings.spawnGraceSeconds) * MS) return undefined;
  return finding("silent", agent, `${agent.address} has said nothing for ${inWords(quiet)}`);
}

/** It lives, and its work does not go on; or it said itself that it is stuck. */
function stuck(agent: WatchedAgent, settings: WitnessConfig, now: number): Finding | undefined {
  const { work, address, progressAt = 0, heartbeatAt = 0, speaks } = agent;
  if (!work || agent.state === "awaiting-gate" || agent.state === "escalated") return undefined;
  if (agent.state === "stuck") {
    return finding("stuck", agent, `${address} says that it is stuck at ${work.bead}: ${agent.reason ?? "no reason"}`);
  }
  const still = now - Math.max(work.since, progressAt);
  if (!work.taken) {
    if (still < settings.unstartedSeconds * MS) return undefined;
    return finding("unstarted", agent, `${work.bead} hangs on the hook of ${address} untouched for ${inWords(still)}`);
  }
  if (!speaks) {
    const quiet = now - Math.max(work.since, heartbeatAt);
    if (quiet < settings.hungSeconds * MS) return undefined;
    return finding("stuck", agent, `${address} has written nothing at ${work.bead} for ${inWords(quiet)}`);
  }
  if (still < settings.stuckSeconds * MS) return undefined;
  return finding("stuck", agent, `${address} has made no progress with ${work.bead} for ${inWords(still)}`);
}

/** Nothing on its hook, nobody there, and work in its worktree that would be lost. */
function zombie(agent: WatchedAgent, dirty: ReadonlySet<string> | undefined): Finding | undefined {
  if (agent.work || agent.alive || !dirty?.has(agent.address)) return undefined;
  return finding("zombie", agent, `${agent.address} is gone and left work in its worktree that is nowhere else`);
}

function massDeath(agents: readonly WatchedAgent[], settings: WitnessConfig, now: number): Finding[] {
  const { massDeaths, massDeathSeconds, patrolSeconds } = settings;
  const span = massDeathSeconds * MS;
  // A death is looked at within a patrol, at the latest.
  const deaths = agents
    .flatMap((agent) => agent.deaths)
    .filter((at) => at > now - span - patrolSeconds * MS)
    .sort((a, b) => a - b);
  const many = deaths.some((at, i) => i + 1 >= massDeaths && at - (deaths[i + 1 - massDeaths] as number) <= span);
  if (!many) return [];
  const text = `${deaths.length} workers died within ${inWords(span)}: the machine, the network or a model may be the cause`;
  return [{ cause: "mass-death", kind: "mass-death", text }];
}

function errorRate(attempts: RigSnapshot["attempts"], settings: WitnessConfig): Finding[] {
  if (!attempts) return [];
  const { done, failed } = attempts;
  const all = done + failed;
  if (all < settings.errorSamples || failed / all <= settings.errorRate) return [];
  const percent = Math.round((100 * failed) / all);
  return [
    { cause: "error-rate", kind: "error-rate", text: `${failed} of the last ${all} attempts failed (${percent} %)` },
  ];
}

export function inWords(ms: number): string {
  const seconds = Math.round(ms / MS);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
