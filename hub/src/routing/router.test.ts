import fc from "fast-check";
import t from "tap";
import type { DeviceRecord, PendingPairing, RouteRequest } from "../services.ts";
import { CapabilityRouter } from "./router.ts";
import { anyNode, NOW, nodeRecord } from "./testing.ts";

function routerOver(devices: readonly DeviceRecord[], pending: readonly PendingPairing[] = []): CapabilityRouter {
  return new CapabilityRouter({ devices: { list: () => devices, pending: () => pending }, clock: { now: () => NOW } });
}

const fleet = fc
  .integer({ min: 0, max: 50 })
  .chain((size) => fc.tuple(...Array.from({ length: size }, (_, n) => anyNode(n + 1))));
const anyRequest: fc.Arbitrary<RouteRequest> = fc.record(
  { capability: fc.constant("gpio.write"), room: fc.constantFrom("kitchen", "hall", "attic") },
  { requiredKeys: ["capability"] },
);

/** Written from the rules alone: who may take the request at all. */
function mayTake(device: DeviceRecord): boolean {
  const capability = device.manifest?.capabilities.find((c) => c.name === "gpio.write");
  const command = device.manifest?.commands.find((c) => c.name === "gpio.write");
  const offers = capability ? capability.available : command !== undefined;
  const fresh =
    device.telemetryAtMs === undefined || NOW - Math.max(device.telemetryAtMs, device.connectedAtMs ?? 0) <= 60_000;
  return (
    device.roles.includes("node") && !device.blocked && device.online && offers && !device.unapprovedCommands && fresh
  );
}

t.test(
  "over random fleets exactly the fit nodes are ranked, every other node has a reason, and a node in the room wins",
  async (t) => {
    fc.assert(
      fc.property(fleet, anyRequest, (devices, request) => {
        const { chosen, ranked, rejected } = routerOver(devices).route(request);
        const fit = devices.filter(mayTake);
        const ids = (list: readonly { deviceId: string }[]) => list.map((d) => d.deviceId).sort();
        t.same(ids(ranked), ids(fit));
        t.same(ids(rejected), ids(devices.filter((d) => d.roles.includes("node") && !mayTake(d))));
        t.ok(rejected.every((r) => r.reason.length > 0));
        t.equal(chosen, ranked[0]);
        const inRoom = (d: { room?: string }) => request.room !== undefined && d.room?.toLowerCase() === request.room;
        if (fit.some(inRoom)) t.ok(chosen && inRoom(chosen), "the room beats everything else");
        for (const [i, better] of ranked.entries()) {
          const worse = ranked[i + 1];
          if (!worse) break;
          t.ok(better.score > worse.score || (better.score === worse.score && better.deviceId < worse.deviceId));
        }
      }),
      { numRuns: 60 },
    );
  },
);

t.test("the answer does not depend on the order of the registry", async (t) => {
  fc.assert(
    fc.property(fleet, anyRequest, (devices, request) => {
      t.same(routerOver([...devices].reverse()).route(request), routerOver(devices).route(request));
    }),
    { numRuns: 30 },
  );
});

t.test("of two nodes in a room the one that is worse off in any single way is second", async (t) => {
  const better = nodeRecord(2);
  const worse: Partial<DeviceRecord>[] = [
    { room: "hall" },
    { telemetry: { cpu: { usedPercent: 90 } } },
    { telemetry: { temperatureC: 84 } },
    { telemetry: { throttled: { now: true, since: true, reasons: [] } } },
    { telemetry: { memory: { totalBytes: 100, availableBytes: 4 } } },
    { telemetry: { link: { name: "wlan0", kind: "wifi", up: true, signalDbm: -88 } } },
    { telemetryAtMs: NOW - 40_000 },
    { telemetry: undefined, telemetryAtMs: undefined },
  ];
  for (const patch of worse) {
    const { chosen, ranked } = routerOver([nodeRecord(1, patch), better]).route({
      capability: "gpio.write",
      room: "Kitchen",
    });
    t.equal(chosen?.deviceId, better.deviceId, JSON.stringify(patch));
    t.equal(ranked.length, 2);
  }
  const equal = routerOver([better, nodeRecord(1)]).route({ capability: "gpio.write", room: "kitchen" });
  t.match(equal.chosen, { displayName: "node 1", score: 100, why: "same room +100" });
});

t.test("every rejection says why", async (t) => {
  const offer = nodeRecord(0).manifest;
  if (!offer) throw new RangeError("the test's own node has a manifest");
  const devices = [
    nodeRecord(1, { blocked: true }),
    nodeRecord(2, { online: false }),
    nodeRecord(3, {
      manifest: { ...offer, capabilities: [{ name: "gpio.write", available: false, reason: "no gpiochip" }] },
    }),
    nodeRecord(4, { manifest: { ...offer, capabilities: [], commands: [] } }),
    nodeRecord(5, { manifest: undefined }),
    nodeRecord(6, { telemetryAtMs: NOW - 75_000 }),
    nodeRecord(7, { unapprovedCommands: ["gpio.write"] }),
    nodeRecord(8, { roles: ["operator"] }),
  ];
  const waiting = {
    ...nodeRecord(9),
    requestId: "r",
    role: "node",
    capabilities: [],
    commands: [],
    ...{ kind: "device" as const, reason: "not-paired" as const, withCommands: true },
    silent: false,
    isRepair: false,
    ts: 0,
    expiresAtMs: 0,
  };
  const { chosen, rejected } = routerOver(devices, [waiting]).route({ capability: "gpio.write" });
  t.equal(chosen, undefined);
  t.same(
    rejected.map((r) => r.reason),
    [
      "blocked",
      "offline",
      "gpio.write is unavailable: no gpiochip",
      "does not offer gpio.write",
      "has not said what it offers",
      "telemetry is 75 s old",
      "gpio.write awaits an operator's approval",
      "not paired",
    ],
  );
});

t.test("when one device is asked for, no other is chosen", async (t) => {
  const [first, second] = [nodeRecord(1), nodeRecord(2, { telemetry: { cpu: { usedPercent: 99 } } })];
  const router = routerOver([first, second, nodeRecord(3, { roles: ["operator"] })]);
  t.match(router.route({ capability: "gpio.write", deviceId: second.deviceId }), {
    chosen: { deviceId: second.deviceId },
    rejected: [{ reason: "another device was asked for" }],
  });
  t.match(router.route({ capability: "gpio.write", deviceId: "none" }).rejected.at(-1), { reason: "no such device" });
  const { rejected } = router.route({ capability: "gpio.write", deviceId: nodeRecord(3).deviceId });
  t.match(rejected.at(-1), { reason: "not a node" });
});
