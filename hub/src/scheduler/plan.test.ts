import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import t from "tap";
import { SchedulerConfig } from "../config/roles.ts";
import { type DispatchView, hasRoom, plan, type Waiting } from "./plan.ts";

const LIMITS = Value.Default(SchedulerConfig, {}) as SchedulerConfig;
const AGING = LIMITS.agingSeconds * 1000;

function waiting(bead: string, more: Partial<Waiting> = {}): Waiting {
  return {
    ...{ bead, rig: "barn", target: "barn", priority: 2, queuedAt: 0, notBefore: 0, failures: 0 },
    ...{ broken: false, state: "ready" },
    ...more,
  };
}

function view(list: readonly Waiting[], more: Partial<DispatchView> = {}): DispatchView {
  return { paused: false, waiting: list, busy: new Map(), closed: new Set(), ...more };
}

const ids = (list: readonly Waiting[]) => list.map(({ bead }) => bead);

t.test(
  "the urgent goes first, of equals the older; as many as there is room for, in all and in each rig",
  async (t) => {
    const list = [
      waiting("low", { priority: 4 }),
      waiting("second", { queuedAt: 5 }),
      waiting("first", { queuedAt: 1 }),
      waiting("top", { priority: 0, queuedAt: 9 }),
      waiting("yard", { rig: "yard", target: "yard", priority: 3 }),
    ];
    t.same(ids(plan(view(list), LIMITS, 10).dispatch), ["top", "first", "second", "yard", "low"]);
    t.same(ids(plan(view(list), { ...LIMITS, maxWorkers: 2 }, 10).dispatch), ["top", "first"]);
    t.same(ids(plan(view(list), { ...LIMITS, maxPerRig: 1 }, 10).dispatch), ["top", "yard"]);
    const busy = new Map([["barn/polecats/a", "barn"]]);
    t.same(ids(plan(view(list, { busy }), { ...LIMITS, maxPerRig: 1 }, 10).dispatch), ["yard"]);
    t.same(ids(plan(view(list, { busy }), { ...LIMITS, maxWorkers: 2 }, 10).dispatch), ["top"]);
    t.equal(plan(view(list, { busy }), { ...LIMITS, maxWorkers: 0 }, 10).dispatch.length, 5, "without bound");
  },
);

t.test(
  "what is blocked, broken, paused, of a closed rig or too early stays; what is gone or taken leaves",
  async (t) => {
    const list = [
      waiting("blocked", { state: "blocked" }),
      waiting("broken", { broken: true }),
      waiting("closed", { rig: "yard", target: "yard" }),
      waiting("early", { notBefore: 50 }),
      waiting("later", { notBefore: 70 }),
      waiting("gone", { state: "gone" }),
      waiting("taken", { state: "taken" }),
      waiting("fine"),
    ];
    const { dispatch, drop, wakeAt } = plan(view(list, { closed: new Set(["yard"]) }), LIMITS, 10);
    t.same([ids(dispatch), ids(drop), wakeAt], [["fine"], ["gone", "taken"], 50]);
    const paused = plan(view(list, { paused: true }), LIMITS, 10);
    t.same([ids(paused.dispatch), ids(paused.drop), paused.wakeAt], [[], ["gone", "taken"], undefined]);
  },
);

t.test("an agent that was named gets one at a time, and none while it is at work", async (t) => {
  const target = "barn/polecats/a";
  const list = [waiting("one", { target }), waiting("two", { target, queuedAt: 1 }), waiting("any")];
  t.same(ids(plan(view(list), LIMITS, 10).dispatch), ["any", "one"]);
  const busy = new Map([[target, "barn"]]);
  t.same(ids(plan(view(list, { busy }), LIMITS, 10).dispatch), ["any"]);
});

t.test("there is room at once where a place is left and nothing that is ready waits", async (t) => {
  const limits = { ...LIMITS, maxWorkers: 2 };
  const busy = new Map([["barn/polecats/a", "barn"]]);
  t.ok(hasRoom(view([], { busy }), limits, "barn", 10));
  t.notOk(hasRoom(view([], { busy }), { ...limits, maxWorkers: 1 }, "barn", 10));
  t.notOk(hasRoom(view([], { busy }), { ...limits, maxPerRig: 1 }, "barn", 10));
  t.ok(hasRoom(view([], { busy }), { ...limits, maxPerRig: 1 }, "yard", 10));
  t.notOk(hasRoom(view([waiting("x")]), limits, "barn", 10), "whoever came first goes first");
  t.ok(hasRoom(view([waiting("x", { state: "blocked" }), waiting("y", { broken: true })]), limits, "barn", 10));
  t.notOk(hasRoom(view([waiting("x", { rig: "yard", target: "yard" })], { busy }), limits, "barn", 10));
  t.notOk(hasRoom(view([], { paused: true }), limits, "barn", 10));
  t.notOk(hasRoom(view([], { closed: new Set(["barn"]) }), limits, "barn", 10));
});

t.test(
  "nothing starves: with one worker and a flood of urgent beads, each bead waits no longer than its bound",
  async (t) => {
    const arrivals = fc.array(fc.record({ at: fc.nat(40), priority: fc.nat(4) }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(arrivals, (list) => {
        const all = list.map(({ at, priority }, i) => waiting(`b${i}`, { priority, queuedAt: at * 60_000 }));
        const order: Waiting[] = [];
        let left = all;
        for (let now = 0; left.length > 0; now += 60_000) {
          const [next] = plan(
            view(left.filter((one) => one.queuedAt <= now)),
            { ...LIMITS, maxWorkers: 1 },
            now,
          ).dispatch;
          if (next === undefined) continue;
          order.push(next);
          left = left.filter((one) => one !== next);
        }
        return order.every((one, i) =>
          order.slice(0, i).every((before) => before.queuedAt < one.queuedAt + 4 * AGING + 1),
        );
      }),
    );
    const flood = Array.from({ length: 100 }, (_, i) => waiting(`u${i}`, { priority: 0, queuedAt: i * 60_000 }));
    const old = waiting("old", { priority: 4, queuedAt: 0 });
    const order = ids(plan(view([...flood, old]), LIMITS, 10 ** 9).dispatch);
    t.same(order.length, LIMITS.maxWorkers);
    const whole = ids(plan(view([...flood, old]), { ...LIMITS, maxWorkers: 0 }, 10 ** 9).dispatch);
    t.equal(whole.indexOf("old"), 40, "after those of its first 40 minutes, before all later ones");
  },
);
