import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { DeviceRecord } from "../../services.ts";
import { type EventAnswer, HANDLED, type Kind, kind, STALE } from "./kind.ts";

const TEXT_CHARS = 400;
const OUTPUT_CHARS = 4000;

const Bytes = Type.Integer({ minimum: 0 });
const HostStats = Type.Object({
  cpuCount: Type.Integer({ minimum: 1, maximum: 4096 }),
  loadAverage: Type.Optional(Type.Array(Type.Number({ minimum: 0 }), { minItems: 3, maxItems: 3 })),
  memoryTotalBytes: Bytes,
  memoryFreeBytes: Bytes,
  diskTotalBytes: Type.Optional(Bytes),
  diskAvailableBytes: Type.Optional(Bytes),
});

const ALIVE_REASONS = [
  "background",
  "silent_push",
  "bg_app_refresh",
  "significant_location",
  "manual",
  "connect",
] as const;
const Alive = Type.Object({ trigger: literals(ALIVE_REASONS) });
const Activity = Type.Object({
  action: Type.Optional(Type.Literal("clear")),
  idleSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 2_592_000 })),
});

const Exec = Type.Object({
  sessionKey: Type.Optional(Type.Union([Type.String({ maxLength: 500 }), Type.Null()])),
  runId: Type.Optional(Type.Union([Type.String({ maxLength: 200 }), Type.Null()])),
  command: Type.Optional(Type.Unknown()),
  exitCode: Type.Optional(Type.Unknown()),
  timedOut: Type.Optional(Type.Unknown()),
  output: Type.Optional(Type.Unknown()),
  reason: Type.Optional(Type.Unknown()),
  suppressNotifyOnExit: Type.Optional(Type.Unknown()),
});

const Notification = Type.Object({
  change: literals(["posted", "removed"] as const),
  key: Type.String({ minLength: 1, maxLength: 1000 }),
  sessionKey: Type.Optional(Type.Union([Type.String({ maxLength: 500 }), Type.Null()])),
  packageName: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  title: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  text: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});

/** What a node's machine tells of itself, and what happened on it that an agent should know. */
export const HOST_KINDS: Readonly<Record<string, Kind>> = {
  "node.host.stats": kind(HostStats, (stats, { device, connId }, { offers }) => {
    const { memoryFreeBytes, memoryTotalBytes } = stats;
    if (memoryFreeBytes > memoryTotalBytes) return { handled: false, reason: "invalid_payload" };
    return answer(offers.setHostStats(device.deviceId, connId, stats) && "updated");
  }),
  "node.presence.alive": kind(Alive, ({ trigger }, { device, connId }, { offers }) =>
    answer(offers.alive(device.deviceId, connId, trigger)),
  ),
  "node.presence.activity": kind(Activity, ({ action, idleSeconds }, { device, connId }, { offers }) => {
    if (action === undefined && idleSeconds === undefined) return { handled: false, reason: "invalid_payload" };
    const gone = action === "clear";
    return answer(
      offers.setActivity(device.deviceId, connId, gone ? undefined : idleSeconds) && (gone ? "cleared" : "updated"),
    );
  }),
  "exec.started": exec((name, { command }) => `Exec started ${name}${word(command, ": ")}`),
  "exec.finished": exec((name, { exitCode, timedOut, output }) => {
    const ending = timedOut === true ? "timeout" : `code ${typeof exitCode === "number" ? exitCode : "?"}`;
    return `Exec finished ${name}, ${ending}${word(output, "\n", OUTPUT_CHARS)}`;
  }),
  "exec.denied": exec((name, { reason, command }) => `Exec denied ${name}${word(reason, ", ")}${word(command, ": ")}`),
  "notifications.changed": kind(Notification, async (told, { device }, { sessions }) => {
    const { change, key, sessionKey, packageName, title, text } = told;
    const words = [title, text].flatMap((part) => (part?.trim() ? [shortened(part.trim(), TEXT_CHARS)] : []));
    const from = packageName ? ` package=${packageName}` : "";
    const what = change === "posted" && words.length > 0 ? `: ${words.join(" - ")}` : "";
    const line = `Notification ${change} (node=${device.displayName} key=${key}${from})${what}`;
    await sessions.systemEvent(sessions.canonical(sessionKey || undefined), line);
    return HANDLED;
  }),
};

/** Taken only from nodes that run programs for the hub at all. */
function exec(line: (name: string, told: typeof Exec.static) => string): Kind {
  return kind(Exec, async (told, { device }, { sessions }) => {
    if (!runsPrograms(device)) return { handled: false, reason: "unmatched_exec_event" };
    if (told.suppressNotifyOnExit === true) return HANDLED;
    const name = `(node=${device.displayName}${told.runId ? ` id=${told.runId}` : ""})`;
    await sessions.systemEvent(sessions.canonical(told.sessionKey || `node-${device.deviceId}`), line(name, told));
    return HANDLED;
  });
}

function runsPrograms({ manifest, unapprovedCommands }: DeviceRecord): boolean {
  const offered = manifest?.commands.some(({ name }) => name === "system.run") ?? false;
  return offered && !unapprovedCommands?.includes("system.run");
}

function answer(reason: string | false | undefined): EventAnswer {
  return reason ? { handled: true, reason } : STALE;
}

function word(value: unknown, before: string, most = TEXT_CHARS): string {
  return typeof value === "string" && value.trim() !== "" ? before + shortened(value.trim(), most) : "";
}

/** The end is what matters of a long output. */
function shortened(text: string, most: number): string {
  return text.length <= most ? text : `…${text.slice(-most)}`;
}
