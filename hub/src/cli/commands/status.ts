import type { Command } from "commander";
import { stopText } from "../../estop/text.ts";
import type { DeviceRecord, PendingPairing, StopState, TurnRecord } from "../../services.ts";
import { ago, duration } from "../format.ts";
import type { GatewayClient } from "../gateway/client.ts";
import { isObject } from "../gateway/wire.ts";
import type { Style } from "../output.ts";
import { example, type Family } from "../session.ts";
import { oneLine, renderFields } from "../table.ts";
import { listDevices } from "./devices.ts";

interface Status {
  readonly url: string;
  readonly version: string | undefined;
  readonly uptimeMs: number | undefined;
  readonly health: { readonly ok: boolean; readonly durationMs?: number };
  readonly devices: { readonly paired: number; readonly online: number; readonly pending: number };
  readonly nodes: readonly {
    readonly deviceId: string;
    readonly name: string;
    readonly room?: string;
    readonly online: boolean;
  }[];
  readonly wakeWords: readonly string[];
  readonly lastTurn: TurnRecord | null;
  readonly counters: Readonly<Record<string, number>>;
  /** Null: none holds. */
  readonly emergencyStop: Omit<StopState, "stopped"> | null;
  /** SHA-256 of the hub's certificate, when its port speaks TLS. */
  readonly tlsFingerprint?: string;
}

export const statusFamily: Family = (program, open) => {
  example(
    program.command("status").description("the hub, its nodes and what they hear, at a glance"),
    "barnacle status",
  ).action(async (_options: object, command: Command) => {
    const session = open(command);
    const status = await session.hub(readStatus);
    session.out.print(status, (style) => describeStatus(status, style, Date.now()));
  });

  example(
    program.command("health").description("is the hub well? exit code 0 means yes"),
    "barnacle health --json",
  ).action(async (_options: object, command: Command) => {
    const session = open(command);
    const health = await session.hub((client) => client.call<Health>("health"));
    const stop = health.barnacle?.emergencyStop;
    session.out.print(health, (style) =>
      !health.ok ? style.red("not well") : stop ? style.red(`ok; ${stopText(stop)}`) : style.green("ok"),
    );
    if (!health.ok) session.fail();
  });
};

interface Health {
  readonly ok: boolean;
  readonly durationMs?: number;
  readonly barnacle?: { readonly emergencyStop?: Omit<StopState, "stopped"> | null };
}

async function readStatus(client: GatewayClient): Promise<Status> {
  const [health, devices, pairing, wake, turns, counted, own] = await Promise.all([
    client.call<Health>("health"),
    listDevices(client),
    client.call<{ pending: readonly PendingPairing[] }>("barnacle.devices.pending"),
    client.call<{ triggers: readonly string[] }>("voicewake.get"),
    client.call<{ turns: readonly TurnRecord[] }>("barnacle.turns.list", { limit: 1 }),
    client.call<{ counters: Readonly<Record<string, number>> }>("barnacle.counters"),
    client.call<{ tlsFingerprint?: string }>("gateway.identity.get"),
  ]);
  const hello = isObject(client.hello) ? client.hello : {};
  const server = isObject(hello.server) ? hello.server : {};
  const snapshot = isObject(hello.snapshot) ? hello.snapshot : {};
  return {
    url: client.url,
    version: typeof server.version === "string" ? server.version : undefined,
    uptimeMs: typeof snapshot.uptimeMs === "number" ? snapshot.uptimeMs : undefined,
    health: { ok: health.ok, ...(health.durationMs === undefined ? {} : { durationMs: health.durationMs }) },
    emergencyStop: health.barnacle?.emergencyStop ?? null,
    devices: {
      paired: devices.length,
      online: devices.filter((device) => device.online).length,
      pending: pairing.pending.length,
    },
    nodes: devices.filter(isNode).map(({ deviceId, displayName, room, online }) => ({
      deviceId,
      name: displayName,
      ...(room === undefined ? {} : { room }),
      online,
    })),
    wakeWords: wake.triggers,
    lastTurn: turns.turns[0] ?? null,
    counters: counted.counters,
    ...(own.tlsFingerprint === undefined ? {} : { tlsFingerprint: own.tlsFingerprint }),
  };
}

function isNode(device: DeviceRecord): boolean {
  return device.roles.includes("node");
}

function describeStatus(status: Status, style: Style, nowMs: number): string {
  const { devices, lastTurn } = status;
  const since = status.uptimeMs === undefined ? "" : `, up for ${duration(status.uptimeMs)}`;
  const well = status.health.ok ? style.green("well") : style.red("not well");
  const fields = renderFields(
    [
      ["hub", `${status.url} (version ${status.version ?? "unknown"}${since})`],
      [
        "devices",
        `${devices.paired} paired, ${devices.online} online${devices.pending ? `, ${devices.pending} waiting` : ""}`,
      ],
      ...(status.tlsFingerprint === undefined ? [] : [["certificate", `SHA-256 ${status.tlsFingerprint}`] as const]),
      ["wake words", status.wakeWords.join(", ")],
      [
        "last turn",
        lastTurn ? `"${lastTurn.transcript ?? lastTurn.outcome}", ${ago(lastTurn.startedAt, nowMs)}` : "none yet",
      ],
    ],
    style,
  );
  const nodes = status.nodes.map(
    (node) =>
      `  ${node.online ? style.green("●") : style.yellow("○")} ${oneLine(node.name)} ${style.dim(node.room ?? "no room")}`,
  );
  const trouble = Object.entries(status.counters)
    .filter(([name, value]) => value > 0 && /malformed|refused|dropped|violation|failed/.test(name))
    .map(([name, value]) => `  ${style.yellow("!")} ${name} ${value}`);
  const { emergencyStop } = status;
  const stop = emergencyStop ? [style.red(`${stopText(emergencyStop)} (barnacle thaw lifts it)`)] : [];
  return [`${well}`, ...stop, fields, ...nodes, ...trouble].join("\n");
}
