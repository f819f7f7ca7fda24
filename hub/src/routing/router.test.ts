import fc from "fast-check";
import t from "tap";
import type { DeviceRecord, PendingPairing, RouteRequest, Wanted } from "../services.ts";
import { CapabilityRouter } from "./router.ts";
import { anyNode, NOW, nodeRecord } from "./testing.ts";

function routerOver(devices: readonly DeviceRecord[], pending: readonly PendingPairing[] = []): CapabilityRouter {
  return new CapabilityRouter({ devices: { list: () => devices, pending: () => pending }, clock: { now: () => NOW } });
}

const fleet = fc
  .integer({ min: 0, max: 50 })
  .chain((size) => fc.tuple(...Array.from({ length: size }, (_, n) => anyNode(n + 1))));
const fifty = fc.tuple(...Array.from({ length: 50 }, (_, n) => anyNode(n + 1)));
const microphone: fc.Arbitrary<Wanted> = fc.record(
  {
    capability: fc.constant("audio.capture"),
    where: fc.constantFrom<NonNullable<Wanted["where"]>>(
      { sampleRateHz: 16_000 },
      { sampleRateHz: { min: 44_100 } },
      { sampleRateHz: { min: 8_000, max: 16_000 } },
      { sampleRateHz: { oneOf: [16_000, 48_000] } },
    ),
  },
  { requiredKeys: ["capability"] },
);
const anyRequest: fc.Arbitrary<RouteRequest> = fc.record(
  {
    capability: fc.constant("gpio.write"),
    room: fc.constantFrom("kitchen", "hall", "attic"),
    requires: fc.array(microphone, { maxLength: 2 }),
    prefers: fc.array(microphone, { maxLength: 2 }),
    urgency: fc.constantFrom("low" as const, "normal" as const, "high" as const),
    forbids: fc.constant((device: DeviceRecord) => (device.deviceId.endsWith("7") ? "the policy says no" : undefined)),
  },
  { requiredKeys: ["capability"] },
);

/** Written from the rules alone, without a look at the router: who may take the request at all, and what it is worth. */
const oracle = {
  offers(device: DeviceRecord, { capability: name, where = {} }: Wanted): boolean {
    const capability = device.manifest?.capabilities.find((c) => c.name === name);
    const command = device.manifest?.commands.find((c) => c.name === name);
    if (!capability && !command) return false;
    if (capability && !capability.available) return false;
    if (device.unapprovedCommands?.includes(name)) return false;
    return Object.entries(where).every(([key, bound]) => {
      const value = Number(capability?.attributes?.[key] ?? Number.NaN);
      if (typeof bound === "number") return value === bound;
      if (typeof bound !== "object") return false;
      if ("oneOf" in bound) return bound.oneOf.includes(value);
      return value >= (bound.min ?? -Infinity) && value <= (bound.max ?? Infinity);
    });
  },
  age(device: DeviceRecord): number | undefined {
    return device.telemetryAtMs === undefined
      ? undefined
      : NOW - Math.max(device.telemetryAtMs, device.connectedAtMs ?? 0);
  },
  mayTake(device: DeviceRecord, request: RouteRequest): boolean {
    return (
      device.roles.includes("node") &&
      !device.blocked &&
      device.online &&
      [request, ...(request.requires ?? [])].every((wanted) => oracle.offers(device, wanted)) &&
      (oracle.age(device) ?? 0) <= 60_000 &&
      request.forbids?.(device) === undefined
    );
  },
  worth(device: DeviceRecord, { room, prefers = [], urgency }: RouteRequest): number {
    const hurry = urgency === "high" ? 2 : 1;
    const { cpu, temperatureC = 0, throttled, link, battery } = device.telemetry ?? {};
    const age = oracle.age(device);
    const cents = [
      room !== undefined && device.room?.toLowerCase() === room ? 100 : 0,
      Math.min(15, 5 * prefers.filter((wanted) => oracle.offers(device, wanted)).length),
      -((cpu?.usedPercent ?? 0) / 10) * hurry,
      temperatureC > 70 ? -(Math.min(100, temperatureC) - 70) / 3 : 0,
      throttled?.now ? -10 : 0,
      ((Math.min(-55, Math.max(-95, link?.signalDbm ?? 0)) + 55) / 5) * hurry,
      battery && !battery.charging ? -((100 - battery.percent) / 20 + 1) * (urgency === "low" ? 2 : 1) : 0,
      age === undefined ? -2 * hurry : -((5 * age) / 60_000) * hurry,
    ].map((points) => Math.round(points * 10));
    return cents.reduce((sum, points) => sum + points, 0) / 10;
  },
};

t.test(
  "R11.2 over random fleets of 50 exactly the fit nodes are ranked as an oracle says; every other has a reason",
  async (t) => {
    fc.assert(
      fc.property(fifty, anyRequest, (devices, request) => {
        const { chosen, ranked, rejected } = routerOver(devices).route(request);
        const fit = devices.filter((device) => oracle.mayTake(device, request));
        const best = fit
          .map((device) => ({ id: device.deviceId, worth: oracle.worth(device, request) }))
          .sort((a, b) => b.worth - a.worth || (a.id < b.id ? -1 : 1));
        t.same(
          ranked.map(({ deviceId, score }) => ({ id: deviceId, worth: score })),
          best,
        );
        t.equal(chosen, ranked[0]);
        const unfit = devices.filter((d) => d.roles.includes("node") && !fit.includes(d));
        const ids = (list: readonly { deviceId: string }[]) => list.map((d) => d.deviceId).sort();
        t.same(ids(rejected), ids(unfit));
        t.ok(rejected.every((r) => r.reason.length > 0));
        t.ok(
          ranked.every(({ deviceId }) => devices.find((d) => d.deviceId === deviceId)?.online),
          "dead nodes are never chosen",
        );
        const inRoom = (d: { room?: string }) => request.room !== undefined && d.room?.toLowerCase() === request.room;
        if (fit.some(inRoom)) t.ok(chosen && inRoom(chosen), "R11.3 the room beats everything else");
        for (const { why, score } of ranked.slice(0, 3)) {
          const sum = [...why.matchAll(/([+−])([\d.]+)(?=;|$)/g)].reduce(
            (total, [, sign, points]) => total + (sign === "+" ? 1 : -1) * Number(points),
            0,
          );
          t.equal(Math.round(sum * 10) / 10, score, `the reasons add up: ${why}`);
        }
      }),
      { numRuns: 60 },
    );
  },
);

t.test("R11.3 the answer does not depend on the order of the registry, and is the same each time", async (t) => {
  fc.assert(
    fc.property(fleet, anyRequest, (devices, request) => {
      const answer = routerOver(devices).route(request);
      t.same(routerOver([...devices].reverse()).route(request), answer);
      t.same(routerOver(devices).route(request), answer);
    }),
    { numRuns: 30 },
  );
});

t.test("R11.3 of two nodes in a room the one that is worse off in any single way is second", async (t) => {
  const better = nodeRecord(2);
  const worse: Partial<DeviceRecord>[] = [
    { room: "hall" },
    { telemetry: { cpu: { usedPercent: 90 } } },
    { telemetry: { temperatureC: 84 } },
    { telemetry: { throttled: { now: true, since: true, reasons: [] } } },
    { telemetry: { memory: { totalBytes: 100, availableBytes: 4 } } },
    { telemetry: { link: { name: "wlan0", kind: "wifi", up: true, signalDbm: -88 } } },
    { telemetry: { battery: { percent: 60, charging: false } } },
    { telemetry: { loopDelayMs: 900 } },
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

t.test("R11.1 every rejection says why", async (t) => {
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

t.test("R11.1 constraints, requirements and preferences decide, and say so", async (t) => {
  const offer = nodeRecord(0).manifest;
  if (!offer) throw new RangeError("the test's own node has a manifest");
  const withMicrophone = (n: number, attributes?: Record<string, unknown>) =>
    nodeRecord(n, {
      manifest: {
        ...offer,
        capabilities: [...offer.capabilities, { name: "audio.capture", available: true, attributes }],
      },
    });
  const devices = [
    nodeRecord(1),
    withMicrophone(2),
    withMicrophone(3, { sampleRateHz: 16_000, quality: 1, phrases: ["computer", "hey jarvis"] }),
    withMicrophone(4, { sampleRateHz: 48_000, quality: 3, phrases: ["alexa"] }),
  ];
  const capture = (where: Wanted["where"]) => routerOver(devices).route({ capability: "audio.capture", where });
  const rate = capture({ sampleRateHz: { min: 44_100 }, quality: { min: 2 } });
  t.equal(rate.chosen?.displayName, "node 4");
  t.same(
    rate.rejected.map(({ reason }) => reason),
    [
      "does not offer audio.capture",
      "audio.capture: sampleRateHz is not told, at least 44100 was wanted",
      "audio.capture: sampleRateHz is 16000, at least 44100 was wanted",
    ],
  );
  t.equal(capture({ phrases: "computer" }).chosen?.displayName, "node 3");
  t.match(capture({ quality: { max: 0 } }).rejected.at(-1), {
    reason: "audio.capture: quality is 3, at most 0 was wanted",
  });
  const both = { capability: "gpio.write", requires: [{ capability: "audio.capture" }] };
  t.match(routerOver(devices).route(both), {
    chosen: { displayName: "node 2" },
    rejected: [{ displayName: "node 1" }],
  });
  const better = { capability: "gpio.write", prefers: [{ capability: "audio.capture", where: { quality: 3 } }] };
  t.match(routerOver(devices).route(better), {
    chosen: { displayName: "node 4", score: 5, why: "offers audio.capture +5" },
    rejected: [],
  });
  const forbids = ({ displayName }: DeviceRecord) => (displayName === "node 1" ? "rule night" : undefined);
  t.match(routerOver(devices).route({ capability: "gpio.write", forbids }).rejected, [
    { displayName: "node 1", reason: "not permitted: rule night" },
  ]);
});

t.test("in a hurry load weighs more than a battery, otherwise a battery is spared", async (t) => {
  const busy = nodeRecord(1, { telemetry: { cpu: { usedPercent: 35 } } });
  const portable = nodeRecord(2, { telemetry: { battery: { percent: 50, charging: false } } });
  const chosen = (urgency: "low" | "normal" | "high") =>
    routerOver([busy, portable]).route({ capability: "gpio.write", urgency }).chosen?.displayName;
  t.same([chosen("low"), chosen("normal"), chosen("high")], ["node 1", "node 1", "node 2"]);
});
