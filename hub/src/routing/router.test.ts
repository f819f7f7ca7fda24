import { FakeClock } from "@barnacle/protocol/runtime";
import type { BoardTelemetry, Capability } from "@barnacle/protocol/schema";
import fc from "fast-check";
import t from "tap";
import type { DeviceRecord } from "../services.ts";
import { CapabilityRouter } from "./index.ts";

const clock = new FakeClock(1_000_000);

interface Sketch {
  id: number;
  online?: boolean;
  blocked?: boolean;
  role?: string;
  room?: string;
  commands?: string[];
  capabilities?: Capability[];
  ageMs?: number;
  telemetry?: BoardTelemetry;
  unapproved?: string[];
}

function device(sketch: Sketch): DeviceRecord {
  const id = sketch.id.toString(16).padStart(64, "0");
  return {
    deviceId: id,
    publicKey: "k",
    displayName: `node ${sketch.id}`,
    roles: [sketch.role ?? "node"],
    scopes: [],
    tokens: [],
    blocked: sketch.blocked ?? false,
    online: sketch.online ?? true,
    createdAtMs: 0,
    approvedAtMs: 0,
    approvedBy: "test",
    ...(sketch.room ? { room: sketch.room } : {}),
    ...(sketch.unapproved ? { unapprovedCommands: sketch.unapproved } : {}),
    telemetry: sketch.telemetry ?? {},
    telemetryAtMs: clock.now() - (sketch.ageMs ?? 0),
    manifest: {
      name: `node ${sketch.id}`,
      platform: "linux",
      agentVersion: "1",
      capabilities: sketch.capabilities ?? [],
      commands: (sketch.commands ?? ["gpio.write"]).map((name) => ({ name, idempotent: true })),
      appliances: [],
    },
  };
}

const route = (sketches: Sketch[], request = { capability: "gpio.write", room: "kitchen" }) =>
  new CapabilityRouter({ devices: { list: () => sketches.map(device) }, clock }).route(request);

t.test("every device that is not chosen is told why", async (t) => {
  const decision = route([
    { id: 1, online: false },
    { id: 2, blocked: true },
    { id: 3, commands: ["talk.speak"] },
    { id: 4, capabilities: [{ name: "gpio.write", available: false, reason: "no chip" }] },
    { id: 5, ageMs: 300_000 },
    { id: 6, role: "operator" },
    { id: 7, unapproved: ["gpio.write"] },
    { id: 8 },
  ]);
  t.equal(decision.chosen?.displayName, "node 8");
  t.same(
    decision.rejected.map((one) => one.reason),
    [
      "it is offline",
      "it is blocked",
      "it does not offer gpio.write",
      "its gpio.write is not available: no chip",
      "its last telemetry is 300 s old",
      "it is no node",
      "its gpio.write has not been approved yet",
    ],
  );
});

t.test("the same room beats an idle node elsewhere; load, heat and signal break ties", async (t) => {
  const busy: BoardTelemetry = {
    cpu: { load1: 4, cores: 4 },
    temperatureC: 80,
    throttled: { now: true, since: true, reasons: [] },
  };
  const kitchen = route([
    { id: 1, room: "office" },
    { id: 2, room: "Kitchen", telemetry: busy },
  ]);
  t.match(kitchen.chosen, {
    displayName: "node 2",
    score: 55,
    why: "same room +100; load 1.00 −20; throttled −15; 80 °C −10",
  });
  t.match(kitchen.ranked[1], { score: 0, why: "in the office" });
  const tie = route([
    { id: 1, room: "kitchen", telemetry: { link: { name: "wlan0", kind: "wifi", up: true, signalDbm: -80 } } },
    { id: 2, room: "kitchen" },
  ]);
  t.equal(tie.chosen?.displayName, "node 2");
  t.match(tie.ranked[1]?.why, /signal -80 dBm −10/);
  t.equal(route([{ id: 2 }, { id: 1 }]).chosen?.displayName, "node 1", "equal scores: the lower id");
});

t.test("no device, no choice", async (t) => {
  t.same(route([]), { ranked: [], rejected: [] });
});

const anySketch: fc.Arbitrary<Omit<Sketch, "id">> = fc.record({
  online: fc.boolean(),
  blocked: fc.boolean(),
  role: fc.constantFrom("node", "operator"),
  room: fc.constantFrom("kitchen", "office"),
  commands: fc.subarray(["gpio.write", "talk.speak"]),
  ageMs: fc.constantFrom(0, 29_000, 60_000, 119_000, 121_000),
  telemetry: fc.record({ cpu: fc.record({ load1: fc.constantFrom(0, 0.5, 2, 9), cores: fc.constantFrom(1, 4) }) }),
});

t.test("over random fleets the choice is what an independent reading of the rules gives", async (t) => {
  fc.assert(
    fc.property(fc.array(anySketch, { maxLength: 50 }), (sketches) => {
      const fleet = sketches.map((sketch, id) => ({ ...sketch, id }));
      const fit = fleet.filter(
        (s) =>
          s.online &&
          !s.blocked &&
          s.role === "node" &&
          s.commands?.includes("gpio.write") &&
          (s.ageMs ?? 0) <= 120_000,
      );
      const load = (s: Sketch): number =>
        Math.round(Math.min((s.telemetry?.cpu?.load1 ?? 0) / (s.telemetry?.cpu?.cores ?? 1), 1) * 20);
      const score = (s: Sketch): number =>
        (s.room === "kitchen" ? 100 : 0) - load(s) - ((s.ageMs ?? 0) > 30_000 ? 15 : 0);
      const best = [...fit].sort((a, b) => score(b) - score(a) || a.id - b.id)[0];
      const decision = route(fleet);
      const shuffled = route([...fleet].reverse());
      return (
        decision.chosen?.displayName === (best && `node ${best.id}`) &&
        decision.ranked.length === fit.length &&
        decision.ranked.length + decision.rejected.length === fleet.length &&
        JSON.stringify(decision) === JSON.stringify(shuffled)
      );
    }),
  );
  t.pass("held for all samples");
});
