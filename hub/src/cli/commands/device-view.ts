import type { BoardTelemetry } from "@barnacle/protocol/schema";
import type { DeviceRecord, NodeConfigState } from "../../services.ts";
import { ago, duration, megabytes } from "../format.ts";
import type { Style } from "../output.ts";
import { oneLine, renderFields, renderTable } from "../table.ts";
import { syncText } from "./node-config.ts";

/** As the hub answers `show`: with what the device did wrong on the wire since the hub's start. */
export type ShownDevice = DeviceRecord & {
  readonly faults?: Readonly<Record<string, number>>;
  readonly config?: Pick<NodeConfigState, "inSync" | "wanted" | "actual">;
};

/** `devices show` for a person: who it is, what it can do, what it can't and why, how it feels. */
export function describeDevice(device: ShownDevice, style: Style, nowMs: number): string {
  const fields = renderFields(
    [
      ["name", device.displayName],
      ["id", device.deviceId],
      ["room", device.room],
      ["role", device.roles.join(", ")],
      ["state", stateLine(device, nowMs)],
      ["platform", device.platform],
      ["address", device.remoteIp],
      ["approved", `${ago(device.approvedAtMs, nowMs)} by ${device.approvedBy}`],
      ["token", tokenLine(device.linkToken, nowMs)],
      ["software", device.manifest?.agentVersion],
      ["config", device.config && syncText(device.config)],
      ...healthFields(device.telemetry, device.telemetryAtMs, nowMs),
    ],
    style,
  );
  const blocks = [fields];
  const manifest = device.manifest;
  if (manifest && manifest.capabilities.length > 0) {
    const lines = manifest.capabilities.map((capability) =>
      capability.available
        ? `  ${style.green("✓")} ${capability.name}${capability.engine ? style.dim(` (${oneLine(capability.engine)})`) : ""}`
        : `  ${style.red("✗")} ${capability.name}${style.dim(`: ${oneLine(capability.reason ?? "no reason given")}`)}`,
    );
    blocks.push([style.bold("can do"), ...lines].join("\n"));
  }
  if (manifest && manifest.commands.length > 0)
    blocks.push(`${style.bold("commands")}\n  ${manifest.commands.map((spec) => spec.name).join("  ")}`);
  const waiting = device.unapprovedCommands ?? [];
  if (waiting.length > 0)
    blocks.push(
      `${style.yellow("not approved yet")} ${style.dim("(see `barnacle devices pending`)")}\n  ${waiting.join("  ")}`,
    );
  const faults = Object.entries(device.faults ?? {}).filter(([, times]) => times > 0);
  if (faults.length > 0)
    blocks.push(
      `${style.yellow("faults")}\n${faults.map(([kind, times]) => `  ${oneLine(kind)} ${times}`).join("\n")}`,
    );
  if (manifest && manifest.appliances.length > 0) {
    const table = renderTable(
      manifest.appliances,
      [
        { title: "ROOM", value: (thing) => thing.room },
        { title: "NAME", value: (thing) => thing.name },
        { title: "KIND", value: (thing) => thing.kind },
        { title: "ACTIONS", value: (thing) => Object.keys(thing.actions).join(" ") },
      ],
      style,
    );
    blocks.push(`${style.bold("appliances")}\n${indent(table)}`);
  }
  return blocks.join("\n\n");
}

function stateLine(device: DeviceRecord, nowMs: number): string {
  if (device.blocked) return "blocked";
  if (!device.online) return `offline, seen ${ago(device.lastSeenMs, nowMs)}`;
  const since = device.connectedAtMs === undefined ? "" : ` for ${duration(nowMs - device.connectedAtMs)}`;
  return `online over ${device.transport ?? "an unknown transport"}${since}`;
}

function tokenLine(token: DeviceRecord["linkToken"], nowMs: number): string | undefined {
  if (!token) return undefined;
  const { state, sinceMs, rotationWantedAtMs } = token;
  const since = sinceMs === undefined ? "" : `, since ${ago(sinceMs, nowMs)}`;
  return `${state}${since}${rotationWantedAtMs === undefined ? "" : "; a new one is on its way"}`;
}

function healthFields(
  board: BoardTelemetry | undefined,
  atMs: number | undefined,
  nowMs: number,
): (readonly [string, string | undefined])[] {
  if (!board) return [];
  const { cpu, memory, disk, link, throttled, microphone } = board;
  return [
    ["health", `measured ${ago(atMs, nowMs)}`],
    [
      "cpu",
      cpu?.usedPercent === undefined ? undefined : `${Math.round(cpu.usedPercent)} % of ${cpu.cores ?? "?"} cores`,
    ],
    ["temperature", board.temperatureC === undefined ? undefined : `${board.temperatureC.toFixed(1)} °C`],
    ["throttled", throttled?.now ? `yes: ${throttled.reasons.join(", ")}` : undefined],
    ["memory", memory && `${megabytes(memory.availableBytes)} free of ${megabytes(memory.totalBytes)}`],
    ["agent", memory?.agentRssBytes === undefined ? undefined : `${megabytes(memory.agentRssBytes)} resident`],
    ["disk", disk && `${megabytes(disk.freeBytes)} free of ${megabytes(disk.totalBytes)}`],
    ["link", link && `${link.name} (${link.kind})${link.up ? "" : " down"}`],
    ["microphone", microphone && [microphone.state, microphone.reason].filter(Boolean).join(": ")],
  ];
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
