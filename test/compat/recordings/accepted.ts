import type { Accepted } from "../support/shape.ts";

const all = (reason: string, ...places: readonly string[]): Accepted[] =>
  places.map((place) => {
    const [method = "*", path = "*"] = place.split(" ");
    return { method, path, reason };
  });

/** What our answers to today's clients lack on purpose. No page or command of theirs shows it as an error. */
export const ACCEPTED_TODAY: readonly Accepted[] = [
  ...all("what a node itself answered", "node.invoke .payload*"),
  ...all("the hub's models are not told how hard to think", "* *hinking*"),
  ...all(
    "one household: sessions are not told apart by people, and presence names devices",
    ...[
      "sessions.list .people*",
      "connect .policy.allowedSessionVisibilities",
      "connect *user*",
      "system-presence *user*",
    ],
    "connect .policy.hasMultipleSessionSharingIdentities",
  ),
  ...all(
    "insides of the other program: its event loop, worker processes, plugins and agent runtimes",
    ...["* *eventLoop*", "* *configReload*", "* *modelRuntime*", "* *agentRuntime*", "health .plugins*"],
    ...["connect .snapshot.health.plugins*", "status .cliProjection*", "status .degraded*", "status .hostDesktop*"],
    ...[
      "status .heartbeat.agents[].waitingForRoute",
      "status .p*",
      "status .runtimeVersion",
      "status .shutdownBudget*",
    ],
    ...["status .task*", "status .workerPools*", "system.info .d*", "system.info .process*"],
    ...[
      "plugins.list .generation",
      "plugins.catalog.browse .remoteError",
      "connect .controlUi*",
      "environments.list *",
    ],
    ...["connect .snapshot.suspension", "agents.list .agents[].workspace*", "models.list .defaultModels"],
  ),
  ...all(
    "about configuration and state that the hub keeps in another form",
    ...[
      "config.get .*Owned",
      "config.get .appliedConfigHash",
      "config.get .include*",
      "connect .snapshot.appliedConfigHash",
      "cron.status .sqlitePath",
      "exec.approvals.get .file.*",
    ],
    ...["connect .auth.recovery*", "exec.approvals.node.get .file.*"],
  ),
  ...all(
    "updated by a package manager; a build id of another program would make its page ask for a reload",
    ...[
      "update.status .effectiveChannel",
      "update.status .schedule*",
      "connect .snapshot.updateSchedule",
      "connect .server.buildId",
      "connect .server.controlUiBuildSource",
    ],
  ),
  ...all(
    "no accounts at model providers, and no prices or sizes that the hub would have to guess",
    ...[
      "* *accountSelection",
      "* *models[].*",
      "models.authStatus .providerCapabilities",
      "usage.status .refreshing",
      "agent .result.meta*",
      "agent .result.sourceReplyDeliveryState",
    ],
  ),
  ...all(
    "settings of a session, a channel or an approval mode that the hub does not have",
    ...["chat.startup .sessionInfo.*", "* *runtimeSelectionLocked", "* *modelSelectionTarget", "* *commands[].*"],
    ...["agents.list .agents[].defaultPermissionMode", "channels.status .statusIssues", "cron.* *eliveryPreview*"],
    ...["connect .snapshot.authMode", "connect .auth.method", "connect .policy.attachments"],
    ...["connect .snapshot.sessionDefaults.modelConfigured", "connect .snapshot.sessionDefaults.ownership"],
    "connect .snapshot.sessionDefaults.selectionRequired",
  ),
  ...all(
    "sent only where known: a room node is no gateway client, and nobody has rotated a token here",
    ...["connect .snapshot.presence[].*", "system-presence [].*", "device.pair.list .paired[].*", "node.* *client*"],
    ...[
      "node.* *deviceFamily",
      "node.* *hostStats*",
      "node.* *pathEnv",
      "node.* *astConnectedAtMs",
      "node.* *remoteIp",
    ],
    ...[
      "node.* *sessionHost",
      "node.* *nodePluginTools*",
      "connect .auth.deviceToken",
      "connect .auth.issuedAtMs",
      "talk.catalog *providers[].*",
    ],
  ),
  ...all(
    "the other program repeats parts of a job beside its `state` and `schedule`, and has jobs and tool rules of its own",
    ...["cron.* *ext*unAt*", "cron.* *lastRun*", "cron.* *scheduleKind", "cron.* *toolsAllow", "cron.* *ToolPolicy*"],
    ...[
      "cron.* *anchorMs",
      "cron.list .jobs[].agentId",
      "cron.list .jobs[].d*",
      "cron.list .jobs[].payload.lightContext",
    ],
    "cron.list .jobs[].schedule.expr",
  ),
];

/** The same for the clients of January. */
export const ACCEPTED_JANUARY: readonly Accepted[] = [
  ...all("what a node itself answered", "node.invoke .payload*"),
  ...all("sent only where known", "connect .snapshot.presence[].*", "system-presence *", "device.pair.list *tokens[]*"),
  ...all("the hub's approvals are not in a file with a socket beside it", "exec.approvals.get .file.*"),
  ...all("what a prompt of the other program was made of", "agent .result.meta.systemPromptReport"),
  ...all("runs of a job are not told apart by an isolation of their own", "cron.* *isolation"),
  ...all("no sizes that the hub would have to guess", "models.list .models[].contextWindow"),
];
