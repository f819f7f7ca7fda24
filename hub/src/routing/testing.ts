import type { CapabilityManifest } from "@barnacle/protocol/schema";
import fc from "fast-check";
import type { DeviceRecord } from "../services.ts";

export const NOW = Date.UTC(2026, 0, 1);

/** A paired, idle node in the kitchen that offers `gpio.write`. */
export function nodeRecord(n: number, patch: Partial<DeviceRecord> = {}): DeviceRecord {
  return {
    deviceId: n.toString(16).padStart(64, "0"),
    publicKey: "",
    displayName: `node ${n}`,
    roles: ["node"],
    scopes: [],
    tokens: [],
    room: "kitchen",
    blocked: false,
    createdAtMs: 0,
    approvedAtMs: 0,
    approvedBy: "anna",
    online: true,
    transport: "mqtt",
    connectedAtMs: NOW - 3_600_000,
    manifest: {
      name: `node ${n}`,
      platform: "linux",
      agentVersion: "0.1.0",
      capabilities: [{ name: "gpio.write", available: true }],
      commands: [{ name: "gpio.write", idempotent: true }],
      appliances: [],
    },
    telemetry: {},
    telemetryAtMs: NOW,
    ...patch,
  };
}

const offers = fc.constantFrom("both", "command", "unavailable", "other", "silent", "unapproved");

/** Nodes in every state that matters to routing. */
export function anyNode(n: number): fc.Arbitrary<DeviceRecord> {
  return fc
    .record({
      room: fc.constantFrom("kitchen", "Kitchen", "hall", undefined),
      role: fc.constantFrom("node", "node", "node", "operator"),
      blocked: fc.integer({ min: 0, max: 9 }).map((x) => x === 0),
      online: fc.integer({ min: 0, max: 4 }).map((x) => x > 0),
      offers,
      ageMs: fc.option(fc.integer({ min: 0, max: 120_000 }), { nil: undefined }),
      connectedMs: fc.integer({ min: 0, max: 200_000 }),
      load: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
      temperatureC: fc.option(fc.integer({ min: 20, max: 110 }), { nil: undefined }),
      throttled: fc.boolean(),
      signalDbm: fc.option(fc.integer({ min: -110, max: -30 }), { nil: undefined }),
      battery: fc.option(fc.record({ percent: fc.integer({ min: 0, max: 100 }), charging: fc.boolean() }), {
        nil: undefined,
      }),
      microphone: fc.constantFrom("16000", "48000", "untold", "unplugged", "none"),
    })
    .map((a): DeviceRecord => {
      const base = nodeRecord(n);
      const name = a.offers === "other" ? "talk.speak" : "gpio.write";
      const microphone = a.microphone === "none" ? [] : [microphoneOf(a.microphone)];
      const listed = a.offers === "command" ? [] : [{ name, available: a.offers !== "unavailable", reason: "no chip" }];
      return {
        ...base,
        room: a.room,
        roles: [a.role],
        blocked: a.blocked,
        online: a.online,
        connectedAtMs: NOW - a.connectedMs,
        unapprovedCommands: a.offers === "unapproved" ? ["gpio.write"] : undefined,
        manifest:
          a.offers === "silent" || !base.manifest
            ? undefined
            : { ...base.manifest, capabilities: [...listed, ...microphone], commands: [{ name, idempotent: true }] },
        telemetryAtMs: a.ageMs === undefined ? undefined : NOW - a.ageMs,
        telemetry:
          a.ageMs === undefined
            ? undefined
            : {
                cpu: { usedPercent: a.load },
                temperatureC: a.temperatureC,
                throttled: { now: a.throttled, since: true, reasons: ["under-voltage"] },
                battery: a.battery,
                link: { name: "wlan0", kind: "wifi", up: true, signalDbm: a.signalDbm },
              },
      };
    });
}

function microphoneOf(kind: string): CapabilityManifest["capabilities"][number] {
  const name = "audio.capture";
  if (kind === "unplugged") return { name, available: false, reason: "unplugged" };
  return { name, available: true, ...(kind === "untold" ? {} : { attributes: { sampleRateHz: Number(kind) } }) };
}
