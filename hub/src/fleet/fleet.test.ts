import { BarnacleError } from "@barnacle/protocol/errors";
import fc from "fast-check";
import t from "tap";
import { ANNA } from "../devices/testing.ts";
import type { FleetJobSpec } from "../services.ts";
import { stageEnds, stageOf } from "./stages.ts";
import { testFleet } from "./testing.ts";

const ROLL: FleetJobSpec = {
  ...{ kind: "config", target: "fleet", config: { wake: { threshold: 0.6 } }, stages: ["1", "100%"] },
  ...{ maxFailures: 0, gateS: 60, deadlineS: 600 },
};
const statuses = (job: { nodes: readonly { status: string }[] }) => job.nodes.map(({ status }) => status);

t.test("stages grow to all nodes, whatever was asked for", async (t) => {
  t.same(stageEnds(["1", "25%", "100%"], 10), [1, 3, 10]);
  t.same(stageEnds(["5", "1"], 3), [3]);
  t.same(stageEnds(["2"], 5), [2, 5]);
  for (const bad of ["0", "x", "101%", "-1", "1.5"])
    t.throws(() => stageEnds([bad], 3), { code: "INPUT_INVALID" }, bad);
  const stage = fc.oneof(
    fc.integer({ min: 1, max: 200 }).map(String),
    fc.integer({ min: 1, max: 100 }).map((n) => `${n}%`),
  );
  fc.assert(
    fc.property(fc.array(stage, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 300 }), (stages, total) => {
      const ends = stageEnds(stages, total);
      const places = Array.from({ length: total }, (_, i) => stageOf(i, ends));
      return ends.at(-1) === total && places.every((place, i) => place >= (places[i - 1] ?? 0) && place >= 0);
    }),
  );
});

t.test("layers of fleet, group, room and node make what a node is sent, once", async (t) => {
  const fleet = await testFleet(t, ["bath", "den"]);
  const [bath, den] = fleet.identities.map(({ deviceId }) => deviceId) as [string, string];
  await fleet.connect(0, 1);
  t.same(fleet.sent, [], "nothing is wanted");
  t.match(fleet.config.state(bath), { inSync: true, wanted: null, layers: [] });
  const set = (scope: string, config: object) => fleet.config.set({ scope, config: { ...config }, by: ANNA });
  await set("fleet", { wake: { threshold: 0.6, phrases: ["alexa"] } });
  await fleet.config.setGroup("wet", [bath]);
  await set("group:wet", { wake: { threshold: 0.7 } });
  await set("room:BATH", { telemetry: { intervalS: 30 } });
  await set(`node:${bath}`, { wake: { threshold: 0.9 } });
  const wanted = { wake: { threshold: 0.9, phrases: ["alexa"] }, telemetry: { intervalS: 30 } };
  t.same(fleet.sent.at(-1)?.wanted.config, wanted);
  t.match(fleet.config.state(bath), { inSync: false, layers: ["fleet", "group:wet", "room:bath", `node:${bath}`] });
  const before = fleet.sent.length;
  await fleet.take(bath);
  t.ok(fleet.config.state(bath).inSync);
  fleet.events.emit("ready", { deviceId: bath });
  await set("room:den", { name: "Den" });
  t.equal(fleet.sent.length, before, "it has that already, and another room is no matter of its");
  t.match(
    fleet.config.states().filter(({ inSync }) => !inSync),
    [{ deviceId: den, online: false }],
    "the drift",
  );
  await fleet.connect(1, 1);
  t.match(fleet.sent.at(-1), { deviceId: den, wanted: { config: { name: "Den", wake: { threshold: 0.6 } } } });

  await fleet.take(den, { key: "name", message: "too long" });
  const told = fleet.sent.length;
  fleet.events.emit("ready", { deviceId: den });
  t.equal(fleet.sent.length, told, "what it has refused is not sent again");
  fleet.config.retry(den);
  t.match(fleet.sent.at(-1), { deviceId: den, wanted: { again: true } });

  await t.rejects(set("fleet", { wake: { threshold: 7 } }), { code: "CONFIG_INVALID", message: /wake\.threshold/ });
  await t.rejects(set("house", {}), { code: "INPUT_INVALID", message: /no scope/ });
  await t.rejects(fleet.config.set({ scope: "fleet", config: {}, baseVersion: 0, by: ANNA }), { code: "CONFLICT" });
  await t.rejects(fleet.config.setGroup("No spaces", []), { code: "INPUT_INVALID" });
  await t.rejects(fleet.config.setGroup("x", ["nobody"]), { code: "DEVICE_UNKNOWN" });
  await set("fleet", { wake: null });
  t.match(fleet.config.history("fleet"), [{ version: 2, config: {}, changedBy: "operator:anna" }, { version: 1 }]);
  await fleet.reopen();
  t.match(fleet.config.groups(), [{ name: "wet", deviceIds: [bath] }]);
  t.match(fleet.config.state(bath), { config: { wake: { threshold: 0.9 } }, actual: { kept: [] } });
  await fleet.devices.remove(bath);
  t.same(fleet.config.groups(), []);
});

t.test("a stage waits for the one before; all well, and the change is the layer's", async (t) => {
  const fleet = await testFleet(t, ["a", "b", "c"]);
  const ids = fleet.identities.map(({ deviceId }) => deviceId) as [string, string, string];
  for (const i of [0, 1, 2]) await fleet.connect(i, 1);
  const { jobId } = await fleet.jobs.create(ROLL, ANNA);
  t.same(
    fleet.sent.map(({ deviceId }) => deviceId),
    [ids[0]],
  );
  t.same(statuses(fleet.jobs.get(jobId)), ["sent", "waiting", "waiting"]);
  await t.rejects(fleet.jobs.create({ ...ROLL, target: "room:b" }, ANNA), { code: "CONFLICT" });
  await fleet.reopen();
  await fleet.take(ids[0]);
  t.same(statuses(fleet.jobs.get(jobId)), ["done", "sent", "sent"], "a hub that comes back goes on");
  t.same(fleet.config.layers(), []);
  await fleet.take(ids[1]);
  await fleet.take(ids[2]);
  t.match(fleet.jobs.get(jobId.slice(0, 8)), { status: "done", createdBy: "operator:anna" });
  t.match(fleet.config.layers(), [{ scope: "fleet", config: { wake: { threshold: 0.6 } } }]);
  t.ok(ids.every((id) => fleet.config.state(id).inSync));
  await t.rejects(fleet.jobs.cancel(jobId, ANNA), { code: "CONFLICT" });
});

t.test("failures beyond the limit stop a job and take the change back from everybody", async (t) => {
  const fleet = await testFleet(t, ["a", "b", "c"]);
  const ids = fleet.identities.map(({ deviceId }) => deviceId) as [string, string, string];
  for (const i of [0, 1]) await fleet.connect(i, 1);
  const { jobId } = await fleet.jobs.create({ ...ROLL, stages: ["1", "2", "3"] }, ANNA);
  await fleet.take(ids[0]);
  await fleet.take(ids[1], { key: "wake.threshold", message: "this engine has none" });
  const job = fleet.jobs.get(jobId);
  t.equal(job.status, "stopped");
  t.match(job.reason, /1 failed, at most 0 may; refused: wake\.threshold: this engine has none/);
  t.same(statuses(job), ["reverted", "failed", "skipped"]);
  t.match(fleet.sent.at(-1), { deviceId: ids[0], wanted: { config: {} } }, "the first one gets the old one again");
  t.same(fleet.config.layers(), []);
});

t.test("silence is a failure, absence is not; a stage of absent nodes proves nothing", async (t) => {
  const fleet = await testFleet(t, ["a", "b", "c"]);
  const ids = fleet.identities.map(({ deviceId }) => deviceId) as [string, string, string];
  await fleet.connect(1, 1);
  const { jobId } = await fleet.jobs.create({ ...ROLL, maxFailures: 1 }, ANNA);
  t.same(statuses(fleet.jobs.get(jobId)), ["waiting", "waiting", "waiting"], "the first of all is not there");
  await fleet.connect(0, 1);
  await fleet.clock.advance(1000);
  t.same(statuses(fleet.jobs.get(jobId)), ["sent", "waiting", "waiting"]);
  await fleet.take(ids[0]);
  t.same(statuses(fleet.jobs.get(jobId)), ["done", "sent", "waiting"]);
  fleet.devices.touch(ids[0]);
  await fleet.clock.advance(62_000);
  t.match(fleet.jobs.get(jobId).nodes[1], { status: "failed", detail: /after 60 s it is not/ });
  t.equal(fleet.jobs.get(jobId).status, "running", "one may fail");
  await fleet.clock.advance(600_000);
  t.match(fleet.jobs.get(jobId), {
    status: "done",
    nodes: [{}, {}, { status: "skipped", detail: /not there in time/ }],
  });
});

t.test("a restart is asked for through the one door, under one key, and proven by a new connection", async (t) => {
  const fleet = await testFleet(t, ["a"]);
  const [id] = fleet.identities.map(({ deviceId }) => deviceId) as [string];
  await fleet.connect(0, 1);
  fleet.answer = async () => {
    throw new BarnacleError("DEVICE_OFFLINE", "not yet");
  };
  const { jobId } = await fleet.jobs.create({ ...ROLL, kind: "restart", config: undefined }, ANNA);
  await fleet.clock.advance(1000);
  t.same(statuses(fleet.jobs.get(jobId)), ["sent"], "not answered is not failed");
  fleet.answer = async () => ({}) as never;
  await fleet.reopen();
  await fleet.clock.advance(1000);
  t.same(statuses(fleet.jobs.get(jobId)), ["proving"]);
  t.equal(new Set(fleet.calls.map(({ idempotencyKey }) => idempotencyKey)).size, 1);
  t.match(fleet.calls[0], { deviceId: id, command: "system.restart", principal: { id: "anna" } });
  await fleet.connect(0, 2);
  t.match(fleet.jobs.get(jobId), { status: "done", nodes: [{ status: "done" }] });
});

t.test("an update that runs another version than it should has failed; a command that is refused too", async (t) => {
  const fleet = await testFleet(t, ["a"]);
  await fleet.connect(0, 1);
  const update: FleetJobSpec = {
    ...{ ...ROLL, kind: "update", config: undefined },
    package: { source: "/tmp/x.deb", sha256: "0".repeat(64), version: "9.9.9" },
  };
  const { jobId } = await fleet.jobs.create(update, ANNA);
  await fleet.clock.advance(1000);
  t.match(fleet.calls[0], { command: "system.update", params: { version: "9.9.9" }, timeoutMs: 600_000 });
  await fleet.connect(0, 2);
  fleet.devices.touch(fleet.identities[0]?.deviceId ?? "");
  await fleet.clock.advance(30_000);
  fleet.devices.touch(fleet.identities[0]?.deviceId ?? "");
  await fleet.clock.advance(32_000);
  t.match(fleet.jobs.get(jobId), {
    status: "stopped",
    nodes: [{ status: "failed", detail: /runs 0\.1\.0, not 9\.9\.9/ }],
  });
  fleet.answer = async () => {
    throw new BarnacleError("POLICY_DENIED", "the node's own configuration forbids it");
  };
  const refused = await fleet.jobs.create(update, ANNA);
  await fleet.clock.advance(1000);
  t.match(fleet.jobs.get(refused.jobId), { status: "stopped", reason: /forbids it/ });
  await t.rejects(fleet.jobs.create({ ...update, package: undefined }, ANNA), { code: "INPUT_INVALID" });
  await t.rejects(fleet.jobs.create({ ...ROLL, target: "room:nowhere" }, ANNA), { code: "INPUT_INVALID" });
});

t.test("a cancelled job takes its change back", async (t) => {
  const fleet = await testFleet(t, ["a", "b"]);
  const [a] = fleet.identities.map(({ deviceId }) => deviceId) as [string];
  await fleet.connect(0, 1);
  const { jobId } = await fleet.jobs.create(ROLL, ANNA);
  await fleet.take(a);
  t.match(await fleet.jobs.cancel(jobId, ANNA), {
    ...{ status: "cancelled", reason: "by operator:anna" },
    nodes: [{ status: "reverted" }, { status: "skipped" }],
  });
  t.same(fleet.sent.at(-1)?.wanted.config, {});
  t.equal(fleet.jobs.list().length, 1);
  t.throws(() => fleet.jobs.get("nothing"), { code: "NOT_FOUND" });
});
