import { BarnacleError } from "@barnacle/protocol/errors";
import type { DeviceRecord, FleetScope } from "../services.ts";

const NAMED = /^(group|room|node):(.{1,64})$/s;

/** @throws INPUT_INVALID */
export function scopeOf(text: string): { readonly kind: "fleet" | "group" | "room" | "node"; readonly name: string } {
  if (text === "fleet") return { kind: "fleet", name: "" };
  const [, kind, name] = NAMED.exec(text) ?? [];
  if (kind !== undefined && name !== undefined) return { kind: kind as "group", name };
  throw new BarnacleError("INPUT_INVALID", `"${text.slice(0, 80)}" is no scope`, {
    hint: "One of fleet, group:NAME, room:NAME, node:ID was expected.",
  });
}

/** Layers of one device, lowest first; groups in the order of their names. */
export function scopesOf(device: DeviceRecord, groups: readonly string[]): readonly FleetScope[] {
  const room = device.room === undefined ? [] : [`room:${device.room.toLowerCase()}`];
  return ["fleet", ...[...groups].sort().map((name) => `group:${name}`), ...room, `node:${device.deviceId}`];
}

/** One of our own nodes: it speaks MQTT and has a configuration of ours. */
export function isOurs(device: DeviceRecord): boolean {
  return device.roles.includes("node") && device.clientId === undefined && device.transport !== "websocket";
}
