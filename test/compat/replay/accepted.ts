import type { Era } from "../support/programs.ts";

/** Differences that are meant: `step path: what the gateway said → what the hub said`; `*` is any run of characters. */
export interface Accepted {
  readonly reason: string;
  readonly era?: Era;
  readonly pattern: string;
}

const of = (reason: string, patterns: readonly string[], era?: Era): Accepted[] =>
  patterns.map((pattern) => ({ reason, pattern, ...(era === undefined ? {} : { era }) }));

export const ACCEPTED: readonly Accepted[] = [
  ...of("METHODS.md says of every method whether it is there; events follow from it", [
    "connect * .payload.features.*",
  ]),
  ...of("the hub speaks both versions and names the one nearest to the client's", [
    "protocol too * .error.details.expectedProtocol: *",
  ]),
  ...of("says where something is wrong and what was expected there", [
    "no client .error.message: *",
    "sessions.patch refused .error.message: *",
    "config.set without content .error.message: *",
    "cron.add of nothing .error.message: *",
    "node.invoke not allowed .error.*",
  ]),
  ...of("wakes nobody until heartbeats are switched on", ["* .payload*eartbeat*"]),
  ...of("the hub's own models", [
    "* .payload*.modelProvider*",
    "* .payload*.model: *",
    "* .payload*.contextTokens: *",
    "models.list .payload.models*",
  ]),
  ...of("the household's own wake words", ["voicewake.get .payload.triggers*"]),
  ...of("addresses of the hub are not told", ["* .payload*[].ip: *"]),
  ...of("more is taken in one frame, less is kept for a slow reader", ["connect * .payload.policy.max*"]),
  ...of("a client that gives no instance id has none", ["* .payload*nstanceId: *"]),
  ...of("a count of changes", ["connect * .payload.snapshot.stateVersion*"]),
  ...of(
    "a node is not told of the hub's files",
    ["connect node .payload.snapshot.*Path: *", "connect node .payload.snapshot.stateDir: *"],
    "january",
  ),
  ...of(
    "a session that was only looked at is not one yet",
    ["connect * .payload.snapshot.health*sessions*"],
    "january",
  ),
  ...of("what a node answered stands there as text too", ["node.invoke .payload.payloadJSON: *"]),
  ...of("a node may be renamed whichever way it was paired", ["node.rename .*"], "january"),
  ...of("says nothing of a restart where none is planned", ["shutdown .payload.restartExpectedMs: *"], "january"),
  ...of("sent only where known", ["node.* .payload*deviceFamily: *", "node.pair.* .payload*"], "today"),
  ...of("capabilities that the hub has not", ["* .payload.capabilities: *"], "today"),
  ...of(
    "a token of its own is offered only to a device that has one",
    ["wrong token .error.message: *", "wrong token .error.details.*"],
    "today",
  ),
  ...of(
    "insides of the other program: plugins, event loop, runtimes, page builds, kept settings",
    [
      "connect * .payload.server.*",
      "connect * .payload.snapshot.suspension: *",
      "* .payload*health.plugins: *",
      "* .payload*plugins: *",
      "* .payload*configReload: *",
      "* .payload*eventLoop: *",
      "* .payload*modelRuntime: *",
      "connect * .payload.snapshot.*",
      "connect * .payload.controlUi*",
      "connect * .payload.auth.*",
      "connect * .payload.policy.*",
      "* .payload*agentRuntime*",
      "* .payload*hinking*",
      "agents.list .payload.agents[].*",
    ],
    "today",
  ),
  ...of(
    "settings of a session that the hub does not have; one household owns them all",
    [
      "sessions.* .payload.defaults.modelSelectionTarget: *",
      "sessions.* .payload.entry.*",
      "sessions.* .payload.resolved.*",
      "sessions.list after .payload.sessions[].*",
      "chat.history .payload.defaults.*",
      "chat.history .payload.sessionInfo.*",
    ],
    "today",
  ),
  ...of("the other program begins a session with words of its own", ["chat.history .payload.*essages: *"], "today"),
  ...of("jobs of its own", ["cron.list .payload.*"], "today"),
  ...of("names the job", ["cron.remove of nobody .error.message: *"], "today"),
  ...of("a node that is not there is like one that is away", ["node.invoke at nobody .error.*"], "today"),
  ...of("the time that the client gave, not what is left of it", ["node.invoke* .payload.timeoutMs: *"], "today"),
  ...of("kept for nodes; of other devices only that they are there", ["device.pair.list .payload.paired[].*"], "today"),
  ...of(
    "what to do next stands in the hint",
    ["exec.approval.resolve of nobody .error.details.remediation: *"],
    "today",
  ),
  ...of("commands are not taken apart", ["exec.approval.* .payload.request.commandAnalysis: *"], "today"),
  ...of(
    "a node learns of its approval by being asked; who is there is told at most once a second",
    ["events .events*"],
    "today",
  ),
];

/** True when the difference is listed; the pattern is noted as `used`. */
export function accepts(era: Era, difference: string, used: Set<string>): boolean {
  const all = ACCEPTED.filter((each) => (each.era ?? era) === era && fits(each.pattern, difference));
  for (const { pattern } of all) used.add(pattern);
  return all.length > 0;
}

/** Listed for this era alone, and met nowhere. */
export function idle(era: Era, used: ReadonlySet<string>): string[] {
  return ACCEPTED.filter((each) => each.era === era && !used.has(each.pattern)).map(({ pattern }) => pattern);
}

function fits(pattern: string, text: string): boolean {
  const source = pattern.split("*").map((part) => part.replace(/[.[\]{}!()+?^$|\\]/g, "\\$&"));
  return new RegExp(`^${source.join(".*")}$`, "s").test(text);
}
