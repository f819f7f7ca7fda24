import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { validator } from "../schema/index.ts";
import { gatewayKey } from "./address.ts";

const Gate = Type.Object({ requestId: Type.Optional(Type.String()), command: Type.String() });

/** How an uplink stands, for `doctor` and for people. */
export const UplinkStatus = Type.Object({
  gateway: Type.String(),
  name: Type.String(),
  deviceId: Type.String(),
  state: Type.String(),
  protocol: Type.Optional(Type.Integer()),
  reason: Type.Optional(Type.String()),
  /** First gate: the device itself waits to be approved. */
  device: Type.Optional(Gate),
  /** Second gate, today's gateways only: its commands wait to be approved. */
  surface: Type.Optional(Gate),
  /** The second session, for Talk: how it stands, and what it waits for. */
  talk: Type.Optional(Type.String()),
  operator: Type.Optional(Gate),
  /** Wake words of the gateway that the engine does not have. */
  unknownWakeWords: Type.Optional(Type.Array(Type.String())),
  at: Type.Integer(),
});
export type UplinkStatus = Static<typeof UplinkStatus>;

const status = validator(UplinkStatus);
const SUFFIX = ".status.json";

/** Not flushed: it is told again at every change. */
export function writeStatus(directory: string, value: UplinkStatus): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = path.join(directory, `${gatewayKey(value.gateway)}-${value.deviceId.slice(0, 12)}${SUFFIX}`);
  writeFileSync(`${file}.tmp`, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

/** What is on record, most recent first; nothing when there never was an uplink. */
export function readStatuses(directory: string): UplinkStatus[] {
  let names: string[];
  try {
    names = readdirSync(directory).filter((name) => name.endsWith(SUFFIX));
  } catch {
    return [];
  }
  return names
    .flatMap((name) => {
      try {
        const value: unknown = JSON.parse(readFileSync(path.join(directory, name), "utf8"));
        return status.check(value) ? [value] : [];
      } catch {
        return [];
      }
    })
    .sort((a, b) => b.at - a.at);
}
