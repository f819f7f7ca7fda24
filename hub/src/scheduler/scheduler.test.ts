import { BarnacleError } from "@barnacle/protocol/errors";
import { Events } from "@barnacle/protocol/runtime";
import { Value } from "@sinclair/typebox/value";
import t from "tap";
import { type TestBeads, testBeads } from "../beads/testing.ts";
import { SchedulerConfig } from "../config/roles.ts";
import type { TownEvents } from "../town/part.ts";
import { pass } from "../town/testing-time.ts";
import { READS } from "./operations.ts";
import { Scheduler } from "./scheduler.ts";

interface Fake {
  readonly slung: string[];
  readonly reports: { key: string; to: string }[];
  fails?: string;
  stopped: boolean;
  closed: Set<string>;
}

async function testScheduler(t: Parameters<typeof testBeads>[0], settings: Partial<SchedulerConfig> = {}) {
  const town = await testBeads(t);
  const fake: Fake = { slung: [], reports: [], stopped: false, closed: new Set() };
  const make = () => {
    const { store, beads, clock, random } = town;
    const scheduler = new Scheduler({
      ...{ store, beads, clock, random },
      log: { ...silent },
      events: new Events<TownEvents>(),
      settings: () => ({ ...(Value.Default(SchedulerConfig, {}) as SchedulerConfig), ...settings }),
      ports: {
        sling: async (who, { bead, to }) => {
          if (fake.fails) throw new BarnacleError("INPUT_INVALID", fake.fails);
          const agent = to.includes("/") ? to : `${to}/polecats/p${fake.slung.length}`;
          await beads.write(who, (writer) => writer.update(bead, { status: "hooked", assignee: agent }));
          fake.slung.push(bead);
          return { agent };
        },
        stopped: () => fake.stopped,
        closedRigs: () => fake.closed,
        report: async ({ key, to }) => void fake.reports.push({ key, to }),
      },
    });
    t.teardown(() => scheduler.stop());
    return scheduler;
  };
  const scheduler = make();
  await scheduler.start();
  const status = () => READS.status({ ...town.beads.reading(), stateDir: "" });
  return { ...town, fake, scheduler, make, status };
}

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const close = ({ beads }: TestBeads, id: string) => beads.write("x", (w) => w.closing.close(id, { force: true }));

t.test("work is queued, its bead untouched, and given out as workers come free", async (t) => {
  const town = await testScheduler(t, { maxWorkers: 2 });
  const { add, scheduler, clock, fake, beads, status } = town;
  fake.stopped = true;
  const all = [await add({ priority: 3 }), await add(), await add({ priority: 1 })];
  const before = all.map((id) => JSON.stringify(beads.reads.get(id)));
  for (const bead of all) {
    t.match(await scheduler.enqueue("anna", { bead, rig: "barn" }), { bead, queued: true, already: false });
  }
  await pass(clock, 1000);
  t.same(
    all.map((id) => JSON.stringify(beads.reads.get(id))),
    before,
  );
  t.match(status(), { paused: false, queued_total: 3, queued_ready: 3, active_polecats: 0, last_dispatch_at: null });
  fake.stopped = false;
  await scheduler.run();
  t.same(fake.slung, [all[2], all[1]]);
  t.match(status(), { queued_total: 1, active_polecats: 2, last_dispatch_at: /^2026/, beads: [{ id: all[0] }] });
  await close(town, all[2] ?? "");
  await pass(clock, 1000);
  t.same(fake.slung, [all[2], all[1], all[0]]);
  t.match(status(), { queued_total: 0, queued_ready: 0, beads: [] });
  t.equal(clock.pending, 0, "an empty queue costs nothing");
});

t.test("a bead that waits for another goes when that is closed; closed and deleted ones leave the queue", async (t) => {
  const town = await testScheduler(t);
  const { add, scheduler, clock, fake, beads, status } = town;
  const first = await add();
  const second = await add({ dependencies: [{ on: first }] });
  const gone = await add();
  for (const bead of [second, gone]) await scheduler.enqueue("anna", { bead, rig: "barn" });
  await beads.write("anna", (writer) => writer.delete(gone));
  await pass(clock, 1000);
  t.same(fake.slung, []);
  t.match(status(), { queued_total: 1, queued_ready: 0, beads: [{ id: second, blocked: true, target_rig: "barn" }] });
  await close(town, first);
  await pass(clock, 1000);
  t.same(fake.slung, [second]);
});

t.test("giving out fails three times: longer waits, then the circuit is open and one person is told", async (t) => {
  const { add, scheduler, clock, fake, status } = await testScheduler(t);
  fake.fails = "no space left";
  const bead = await add();
  await scheduler.enqueue("anna", { bead, rig: "barn" });
  await pass(clock, 100);
  t.match(status().beads, [{ failures: 1, broken: false, problem: "no space left" }]);
  await pass(clock, 29_000);
  t.match(status().beads, [{ failures: 1 }]);
  await pass(clock, 2_000);
  t.match(status().beads, [{ failures: 2 }]);
  await pass(clock, 58_000);
  t.match(status().beads, [{ failures: 2 }]);
  await pass(clock, 5_000);
  t.match(status(), { queued_total: 1, queued_ready: 0, queued_broken: 1, beads: [{ failures: 3, broken: true }] });
  t.same(fake.reports, [{ key: `dispatch:${bead}`, to: "anna" }]);
  delete fake.fails;
  await pass(clock, 10 ** 7);
  t.same(fake.slung, [], "it waits for a person");
  await scheduler.enqueue("anna", { bead, rig: "barn" });
  await pass(clock, 100);
  t.same(fake.slung, [bead]);
});

t.test("a bead that came back is given out again after a cool-down", async (t) => {
  const { add, scheduler, clock, fake, beads } = await testScheduler(t);
  const bead = await add();
  await scheduler.enqueue("anna", { bead, rig: "barn" });
  await pass(clock, 100);
  await beads.write("hub", (writer) => writer.claims.fail(bead, "its worker died"));
  await scheduler.enqueue("witness", { bead, rig: "barn" });
  await pass(clock, 299_000);
  t.same(fake.slung, [bead]);
  await pass(clock, 2_000);
  t.same(fake.slung, [bead, bead]);
});

t.test("pause, queue and failures survive a restart; what has been given out is not given out twice", async (t) => {
  const { add, scheduler, clock, fake, make, status, beads } = await testScheduler(t);
  await scheduler.pause("anna");
  const [one, two] = [await add(), await add()];
  for (const bead of [one, two]) await scheduler.enqueue("anna", { bead, rig: "barn" });
  await pass(clock, 1000);
  t.match(status(), { paused: true, paused_by: "anna", queued_total: 2 });
  await scheduler.stop();
  // As if the hub had died between the sling and its record.
  await beads.write("anna", (writer) => writer.update(two, { status: "hooked", assignee: "barn/polecats/x" }));
  const next = make();
  await next.start();
  await pass(clock, 1000);
  t.same(fake.slung, []);
  t.match(status(), { paused: true, queued_total: 1, beads: [{ id: one }] });
  await next.resume();
  await pass(clock, 1000);
  t.same(fake.slung, [one]);
  t.same(status().beads, []);
});

t.test("what cannot be queued is refused by name; the queue can be cleared", async (t) => {
  const { add, scheduler, fake } = await testScheduler(t);
  fake.closed.add("barn");
  const closed = await add({ status: "closed" });
  const taken = await add({ status: "hooked", assignee: "barn/polecats/a" });
  await t.rejects(scheduler.enqueue("anna", { bead: closed, rig: "barn" }), {
    ...{ code: "BEAD_REFUSED", message: `${closed} is not queued: it is closed` },
  });
  await t.rejects(scheduler.enqueue("anna", { bead: taken, rig: "barn" }), {
    message: `${taken} is not queued: barn/polecats/a has it already`,
  });
  await t.rejects(scheduler.enqueue("anna", { bead: "hq-none", rig: "barn" }), { code: "BEAD_UNKNOWN" });
  const [one, two] = [await add(), await add()];
  for (const bead of [one, two]) await scheduler.enqueue("anna", { bead, rig: "barn" });
  t.match(await scheduler.enqueue("anna", { bead: one, rig: "barn" }), { already: true });
  t.same(await scheduler.clear(one), [one]);
  t.same(await scheduler.clear(), [two]);
});
