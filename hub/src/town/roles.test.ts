import t from "tap";
import { READS as MAYOR } from "../mayor/operations.ts";
import { READS as WITNESS } from "../witness/operations.ts";
import { type FakeTown, fakeTown } from "./testing-roles.ts";
import { pass } from "./testing-time.ts";

const MIN = 60_000;
const reading = (town: FakeTown) => ({ ...town.beads.reading(), stateDir: "" });
const alerts = (town: FakeTown) => WITNESS.alerts(reading(town), {}).map(({ kind }) => kind);
const busy = (town: FakeTown) => [...town.workers.values()].filter(({ bead }) => bead !== undefined);
const QUICK = { scheduler: { redispatchSeconds: 1 } };

async function queued(town: FakeTown, n: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < n; i++) ids.push(await town.add({ prefix: "bn" }));
  for (const bead of ids) await town.roles.scheduler.enqueue("anna", { bead, rig: "barn" });
  await pass(town.clock, 1000);
  return ids;
}

t.test("R5.2 a silent agent is nudged, then its work goes to another, with one alert per cool-down", async (t) => {
  const town = await fakeTown(t, { workers: 2, work: QUICK });
  const [bead] = await queued(town, 1);
  const [first] = busy(town);
  t.equal(first?.bead, bead);
  town.did.length = 0;
  await pass(town.clock, 3 * MIN);
  t.same(town.did, [`nudge ${first?.address}`]);
  t.match(WITNESS.status(reading(town), { rig: "barn" }), [
    { state: "running", troubles: [{ kind: "silent", agent: first?.address, bead, alerts: 1 }] },
  ]);
  await town.live(0);
  await pass(town.clock, 2 * MIN);
  t.same(town.did.slice(1, 2), [`recover ${bead}`]);
  t.ok(town.did.includes(`sling ${bead}`), "somebody else has it");
  t.same(alerts(town), ["silent"]);
  t.equal(town.beads.reads.get(bead ?? "").attempts, 1);
});

t.test("R5.2 stuck work, a crash loop and too many failures, each told once", async (t) => {
  const town = await fakeTown(t, { workers: 3, work: QUICK });
  const [stuck] = await queued(town, 1);
  const [slow] = busy(town);
  await town.live(11 * MIN);
  t.ok(town.did.includes(`nudge ${slow?.address}`));
  t.same(alerts(town), ["stuck"]);
  t.notOk(town.did.includes(`recover ${stuck}`), "a nudge is given time");
  await town.live(2 * MIN);
  t.ok(town.did.includes(`recover ${stuck}`));

  const [next] = busy(town);
  t.equal(next?.bead, stuck);
  for (let i = 0; i < 3; i++) {
    if (next) Object.assign(next, { alive: true });
    town.kill(next?.address ?? "");
    await town.live(40_000);
  }
  t.same(alerts(town).slice(0, 2), ["crash-loop", "dead"]);
  t.equal(town.did.filter((what) => what === `recover ${stuck}`).length, 2);

  for (const id of await queued(town, 4)) await town.beads.write("x", (writer) => writer.claims.fail(id, "no"));
  for (const worker of busy(town)) delete worker.bead;
  await town.live(2 * MIN);
  t.equal(alerts(town).filter((kind) => kind === "error-rate").length, 1);
  t.equal(town.did.filter((what) => what === "high witness:barn:error-rate").length, 1);
});

t.test("R5.2 three deaths within thirty seconds are an alarm at once", async (t) => {
  const town = await fakeTown(t, { workers: 3 });
  await queued(town, 3);
  for (const { address } of busy(town)) {
    town.kill(address);
    await pass(town.clock, 5000);
  }
  t.equal(town.did.filter((what) => what === "critical witness:barn:mass-death").length, 1);
  t.equal(alerts(town).filter((kind) => kind === "mass-death").length, 1);
});

t.test("R5.2 alerts and steps go on where they were over a restart; a stopped witness looks at nothing", async (t) => {
  const town = await fakeTown(t, { workers: 1, work: QUICK });
  const [bead] = await queued(town, 1);
  await pass(town.clock, 3 * MIN);
  await town.restart();
  await pass(town.clock, MIN);
  t.same(alerts(town), ["silent"], "not told again");
  await pass(town.clock, 1.5 * MIN);
  t.equal(town.did.filter((what) => what.startsWith("nudge")).length, 1, "not nudged again");
  t.equal(town.did.filter((what) => what === `recover ${bead}`).length, 1);

  await town.roles.witness.want("anna", "barn", "stopped");
  await town.restart();
  const before = town.did.length;
  await pass(town.clock, 20 * MIN);
  t.same(
    town.did.slice(before).filter((what) => !what.startsWith("sling")),
    [],
  );
  t.match(WITNESS.status(reading(town), { rig: "barn" }), [{ state: "stopped", stopped_by: "anna" }]);
});

t.test("with nobody at work and nothing waiting, no role holds a timer", async (t) => {
  const town = await fakeTown(t, { workers: 3 });
  t.equal(town.clock.pending, 0);
  await queued(town, 1);
  t.ok(town.clock.pending > 0);
  await town.finish(busy(town)[0]?.address ?? "");
  await town.live(30 * MIN);
  t.equal(town.clock.pending, 0);
});

const ITEMS = ["dig", "plant (after 1)", "water (after 2)", "fence", "gate (after 4)", "paint (after 5)"];

/** Everybody finishes what he has, one after the other. */
async function work(town: FakeTown, rounds = 12): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    await town.live(10_000);
    const [one] = busy(town);
    if (one) await town.finish(one.address);
  }
  await town.live(10_000);
}

t.test("R5.3 a goal becomes one convoy of beads, given out as they become ready, reported once", async (t) => {
  const town = await fakeTown(t, { workers: 3 });
  const goal = await town.roles.mayor.goal("anna", { title: "A garden", items: ITEMS, rig: "barn" });
  await pass(town.clock, 2000);
  t.match(MAYOR.goals(reading(town), {}), [{ id: goal.id, total: 6, completed: 0, working: 2, state: "running" }]);
  const { convoy = "" } = town.beads.reads.list({ type: "convoy" }).map(({ id }) => ({ convoy: id }))[0] ?? {};
  t.match(town.convoys.get(convoy), { title: "A garden", total: 6 });
  t.same(
    busy(town).map(({ bead }) => town.beads.reads.get(bead ?? "").title),
    ["dig", "fence"],
  );
  await work(town);
  t.match(MAYOR.goals(reading(town), {}), [{ state: "done", completed: 6, convoy }]);
  t.equal(town.beads.reads.get(convoy).status, "closed");
  t.same(
    town.mail().filter(({ to }) => to === "anna"),
    [{ to: "anna", subject: "Done: A garden" }],
  );
  t.equal(town.did.filter((what) => what.startsWith("sling")).length, 6);
  await town.restart(true);
  await pass(town.clock, 5 * MIN);
  t.equal(town.mail().filter(({ to }) => to === "anna").length, 1);
  t.equal(town.clock.pending, 0);
});

t.test("R5.3 with an agent killed in the middle the goal is still reached", async (t) => {
  const town = await fakeTown(t, { workers: 2, work: QUICK });
  await town.roles.mayor.goal("anna", { title: "A garden", items: ITEMS, rig: "barn" });
  await pass(town.clock, 2000);
  const [victim] = busy(town);
  const lost = victim?.bead;
  town.kill(victim?.address ?? "");
  for (let i = 0; i < 40; i++) {
    // Whenever it is started again it dies again.
    if (victim?.alive === true && victim.bead === lost) town.kill(victim.address);
    await town.live(10_000);
    const [one] = busy(town).filter((worker) => worker.alive && worker.address !== victim?.address);
    if (one) await town.finish(one.address);
  }
  t.match(MAYOR.goals(reading(town), {}), [{ state: "done", completed: 6 }]);
  t.ok(town.did.includes(`recover ${lost}`));
  t.same(
    town
      .mail()
      .filter(({ to }) => to === "anna")
      .map(({ subject }) => subject),
    ["Done: A garden"],
  );
});

t.test("R5.3 work that comes to nothing needs a person, who is told once, and goes on afterwards", async (t) => {
  const town = await fakeTown(t, { workers: 1, work: QUICK });
  await town.roles.mayor.goal("anna", { title: "One thing", items: ["try"], rig: "barn" });
  for (let i = 0; i < 3; i++) {
    await pass(town.clock, 3000);
    const [worker] = busy(town);
    const { bead } = worker ?? {};
    if (worker) Object.assign(worker, { alive: false, state: "idle" });
    if (worker) delete worker.bead;
    await town.beads.write("hub", (writer) => writer.claims.fail(bead ?? "", "tests do not pass"));
  }
  await pass(town.clock, MIN);
  const [{ stuck = [], beads = [] } = {}] = MAYOR.goals(reading(town), {});
  t.equal(stuck.length, 1);
  t.match(town.mail(), [{ to: "anna", subject: `Needs you: ${stuck[0]} of "One thing"` }]);
  await town.restart();
  await pass(town.clock, MIN);
  t.equal(town.mail().length, 1);
  await town.beads.write("anna", (writer) => writer.update(beads[0]?.id ?? "", { status: "open" }));
  await pass(town.clock, 3000);
  t.match(MAYOR.goals(reading(town), {}), [{ stuck: [], working: 1 }]);
});

t.test("R5.4 a goal goes on over a restart at every step, with one convoy and one report", async (t) => {
  const town = await fakeTown(t, { workers: 2 });
  await town.roles.mayor.goal("anna", { title: "A garden", items: ITEMS, rig: "barn", key: "spring" });
  for (let i = 0; i < 12; i++) {
    await town.restart(i % 2 === 0);
    await town.live(10_000);
    const [one] = busy(town);
    if (one) await town.finish(one.address);
  }
  await town.live(10_000);
  t.match(MAYOR.goals(reading(town), {}), [{ state: "done", completed: 6 }]);
  t.equal(town.beads.reads.list({ type: "convoy", all: true }).length, 1);
  t.equal(town.mail().filter(({ to }) => to === "anna").length, 1);
  t.match(await town.roles.mayor.goal("anna", { title: "Again", items: ITEMS, rig: "barn", key: "spring" }), {
    state: "done",
  });
});

t.test("R5.4 one mayor for each workspace: a second is refused, a dead one's place is taken", async (t) => {
  const town = await fakeTown(t, { workers: 1 });
  const { mayor } = town.roles;
  const state = () => MAYOR.status(reading(town), { workspace: "town" })[0];
  t.match(state(), { state: "resting", term: 0 });
  t.match(await mayor.begin("anna", "town"), { holder: "hub", term: 1 });
  await t.rejects(mayor.begin("ben", "town"), { code: "CONFLICT", message: /town has a mayor: hub, since 2026/ });
  await t.rejects(mayor.begin("ben", "town", "barn/crew/max"), { code: "CONFLICT" });
  await pass(town.clock, 10 * MIN);
  t.match(state(), { state: "running", holder: "hub", term: 1 }, "it renews its lease");
  await town.restart(true);
  t.match(state(), { state: "running", holder: "hub", term: 2 }, "the place of a hub that is gone");

  await town.roles.mayor.end("anna", "town");
  t.match(state(), { state: "stopped", stopped_by: "anna" });
  await town.restart();
  t.match(state(), { state: "stopped" }, "kept");
  t.match(await town.roles.mayor.begin("ben", "town", "barn/crew/max"), { holder: "barn/crew/max", term: 3 });
  await town.roles.mayor.goal("anna", { title: "G", items: ["x"], rig: "barn" });
  await pass(town.clock, 50_000);
  t.same(town.did, [], "the hub leaves it to him");
  await t.rejects(town.roles.mayor.beat("town", "barn/crew/eve"), {
    message: /eve is not mayor of town: barn\/crew\/max/,
  });
  await town.roles.mayor.beat("town", "barn/crew/max");
  await pass(town.clock, 50_000);
  t.match(state(), { holder: "barn/crew/max" });
  await pass(town.clock, 15_000);
  t.match(state(), { holder: "hub", term: 4 }, "he was heard of no more");
  t.equal(busy(town).length, 1);
  await t.rejects(town.roles.mayor.beat("town", "barn/crew/max"), { code: "CONFLICT" });
});

t.test("goals of a stopped mayor wait until somebody says that there is one again", async (t) => {
  const town = await fakeTown(t, { workers: 1 });
  await town.roles.mayor.end("anna", "town");
  await town.roles.mayor.goal("anna", { title: "G", items: ["x"], rig: "barn" });
  await town.restart();
  await pass(town.clock, 10 * MIN);
  t.same(town.did, []);
  t.match(MAYOR.goals(reading(town), {}), [{ state: "planned", convoy: null }]);
  await town.roles.mayor.begin("anna", "town");
  await pass(town.clock, 2000);
  t.match(MAYOR.goals(reading(town), {}), [{ state: "running", working: 1 }]);
});

t.test("a stop holds everything; a thaw goes on", async (t) => {
  const town = await fakeTown(t, { workers: 1 });
  town.stopped = true;
  await town.roles.mayor.goal("anna", { title: "G", items: ["x"], rig: "barn" });
  await pass(town.clock, MIN);
  t.same(town.did, []);
  town.stopped = false;
  await town.roles.scheduler.run();
  t.equal(busy(town).length, 1);
});
