import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import t from "tap";
import { WitnessConfig } from "../config/roles.ts";
import { findings, type RigSnapshot } from "./causes.ts";
import { type CauseMemory, patrol } from "./patrol.ts";
import type { WatchedAgent } from "./ports.ts";

const SETTINGS = Value.Default(WitnessConfig, {}) as WitnessConfig;
const T = 10_000_000;
const S = 1000;

function agent(more: Partial<WatchedAgent> = {}): WatchedAgent {
  return {
    ...{ address: "barn/polecats/toast", rig: "barn", state: "working", alive: true, held: false },
    ...{ speaks: true, deaths: [] },
    ...{ startedAt: T, heartbeatAt: T, progressAt: T, work: { bead: "bn-1", taken: true, since: T } },
    ...more,
  };
}

const causes = (snapshot: Partial<RigSnapshot>, now: number) =>
  findings({ agents: [], ...snapshot }, SETTINGS, now).map(({ cause }) => cause);

t.test("a silent agent is one that ran and said nothing for two minutes; a new one has five", async (t) => {
  const toast = "silent:barn/polecats/toast:bn-1";
  t.same(causes({ agents: [agent()] }, T + 119 * S), []);
  t.same(causes({ agents: [agent()] }, T + 120 * S), [toast]);
  t.same(causes({ agents: [agent({ heartbeatAt: T - 1 })] }, T + 299 * S), []);
  t.same(causes({ agents: [agent({ heartbeatAt: T - 1 })] }, T + 300 * S), [toast]);
  t.same(causes({ agents: [agent({ state: "idle" })] }, T + 500 * S), [], "nothing is expected of it");
  t.same(causes({ agents: [agent({ held: true })] }, T + 500 * S), [], "somebody stopped it");
});

t.test("stuck work, work that is not taken up, and a call for help", async (t) => {
  const lively = (now: number, more: Partial<WatchedAgent> = {}) => [agent({ heartbeatAt: now, ...more })];
  t.same(causes({ agents: lively(T + 599 * S) }, T + 599 * S), []);
  t.same(causes({ agents: lively(T + 600 * S) }, T + 600 * S), ["stuck:barn/polecats/toast:bn-1"]);
  t.same(causes({ agents: lively(T + 600 * S, { progressAt: T + S }) }, T + 600 * S), []);
  const work = { bead: "bn-1", taken: false, since: T };
  t.same(causes({ agents: lively(T + 1799 * S, { work, state: "idle" }) }, T + 1799 * S), []);
  t.same(causes({ agents: lively(T + 1800 * S, { work, state: "idle" }) }, T + 1800 * S), [
    "unstarted:barn/polecats/toast:bn-1",
  ]);
  t.same(causes({ agents: lively(T, { state: "stuck" }) }, T), ["stuck:barn/polecats/toast:bn-1"], "it says so itself");
  for (const state of ["awaiting-gate", "escalated"]) {
    t.same(causes({ agents: lively(T + 900 * S, { state }) }, T + 900 * S), [], state);
  }
});

t.test("an agent that does not say what it does is judged by its output, and given half an hour", async (t) => {
  const plain = (s: number) => [agent({ speaks: false, progressAt: undefined, heartbeatAt: T + s * S })];
  t.same(causes({ agents: plain(0) }, T + 1799 * S), []);
  t.same(causes({ agents: plain(0) }, T + 1800 * S), ["stuck:barn/polecats/toast:bn-1"]);
  t.same(causes({ agents: plain(1000) }, T + 2799 * S), []);
});

t.test("dead with work, a crash loop, a zombie: one cause for one agent, the gravest", async (t) => {
  const gone = { alive: false };
  t.same(causes({ agents: [agent(gone)] }, T + S), ["dead:barn/polecats/toast:bn-1"]);
  const deaths = [T + 30 * S, T + 20 * S, T + 10 * S];
  t.same(causes({ agents: [agent({ ...gone, deaths: deaths.slice(1) })] }, T + 60 * S), [
    "dead:barn/polecats/toast:bn-1",
  ]);
  t.same(causes({ agents: [agent({ deaths })] }, T + 100 * S), ["crash-loop:barn/polecats/toast:bn-1"]);
  const other = { bead: "bn-2", taken: true, since: T + 40 * S };
  t.same(causes({ agents: [agent({ deaths, work: other })] }, T + 100 * S), [], "it died at other work");
  t.same(causes({ agents: [agent({ deaths })] }, T + 631 * S), ["silent:barn/polecats/toast:bn-1"], "long ago");
  const idle = agent({ ...gone, state: "idle", work: undefined });
  t.same(causes({ agents: [idle] }, T), []);
  t.same(causes({ agents: [idle], dirty: new Set(["barn/polecats/toast"]) }, T), ["zombie:barn/polecats/toast"]);
});

t.test(
  "mass death is three within thirty seconds, whoever they were; errors count from five attempts on",
  async (t) => {
    const died = (...at: number[]) => at.map((s, i) => agent({ address: `barn/polecats/p${i}`, deaths: [T + s * S] }));
    t.same(causes({ agents: died(0, 15, 30) }, T + 30 * S), ["mass-death"]);
    t.same(causes({ agents: died(0, 15, 31) }, T + 31 * S), []);
    t.same(causes({ agents: died(0, 1) }, T + 2 * S), []);
    t.same(causes({ agents: died(0, 15, 30) }, T + 90 * S), [], "over");
    t.same(causes({ attempts: { done: 3, failed: 1 } }, T), []);
    t.same(causes({ attempts: { done: 4, failed: 1 } }, T), [], "a fifth is allowed");
    t.same(causes({ attempts: { done: 7, failed: 2 } }, T), ["error-rate"]);
  },
);

/** Patrols every `every` seconds as long as `at` gives a snapshot. */
function run(at: (s: number) => RigSnapshot, until: number, every = 30) {
  let memory: readonly CauseMemory[] = [];
  const told: [number, string][] = [];
  const done: [number, string][] = [];
  for (let s = 0; s <= until; s += every) {
    const result = patrol(at(s), memory, SETTINGS, T + s * S);
    memory = result.memory.map((one) => ({ ...one, acted: true }));
    told.push(...result.alerts.map(({ kind }): [number, string] => [s, kind]));
    done.push(...result.actions.map(({ kind }): [number, string] => [s, kind]));
  }
  return { memory, told, done };
}

t.test("one alert per cause and cool-down; nudge, then reassign, then a person", async (t) => {
  const { told, done } = run(() => ({ agents: [agent({ heartbeatAt: T - 500 * S, startedAt: T - 500 * S })] }), 900);
  t.same(
    told,
    [0, 300, 600, 900].map((s) => [s, "silent"]),
  );
  t.same(done, [
    [0, "nudge"],
    [120, "reassign"],
    [240, "escalate"],
  ]);
});

t.test("a cause that comes and goes begins with a nudge again, and is told no more often", async (t) => {
  const quiet = agent({ heartbeatAt: T - 500 * S, startedAt: T - 500 * S });
  const there = new Set([0, 30, 90, 120, 330]);
  const { told, done } = run((s) => ({ agents: there.has(s) ? [quiet] : [] }), 330);
  t.same(told, [
    [0, "silent"],
    [330, "silent"],
  ]);
  t.same(done, [
    [0, "nudge"],
    [90, "nudge"],
    [330, "nudge"],
  ]);
});

t.test("the share of failures stays what it was between two counts", async (t) => {
  const bad = { done: 1, failed: 9 };
  const { told, done } = run((s) => ({ agents: [], attempts: s % 60 === 0 ? bad : undefined }), 240);
  t.same([told, done], [[[0, "error-rate"]], [[0, "escalate"]]]);
});

t.test("a step that was not carried out is decided again and told once", async (t) => {
  const snapshot = { agents: [agent({ alive: false })] };
  const first = patrol(snapshot, [], SETTINGS, T);
  const again = patrol(snapshot, first.memory, SETTINGS, T + 200 * S);
  t.same([first.alerts.length, again.alerts.length], [1, 0]);
  t.same([first.actions[0]?.kind, again.actions[0]?.kind], ["restart", "restart"]);
});

t.test("whatever happens, no cause is told twice within its cool-down, and steps are never skipped", async (t) => {
  const moment = fc.record({
    alive: fc.boolean(),
    silent: fc.boolean(),
    state: fc.constantFrom("working", "stuck", "idle"),
    works: fc.boolean(),
    failed: fc.nat(9),
  });
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 60 }), (moments) => {
      let memory: readonly CauseMemory[] = [];
      const last = new Map<string, number>();
      const step = new Map<string, number>();
      for (const [i, { alive, silent, state, works, failed }] of moments.entries()) {
        const now = T + i * 30 * S;
        const heartbeatAt = silent ? T - 1000 * S : now;
        const work = works ? { bead: "bn-1", taken: true, since: now } : undefined;
        const one = agent({ alive, state, work, heartbeatAt, startedAt: T - 2000 * S, progressAt: now });
        const snapshot = { agents: [one], attempts: { done: 5, failed } };
        const result = patrol(snapshot, memory, SETTINGS, now);
        for (const { cause } of result.alerts) {
          if (now - (last.get(cause) ?? 0) < 300 * S) return false;
          last.set(cause, now);
        }
        for (const known of result.memory) {
          if (known.step > (step.get(known.cause) ?? -1) + 1 && known.step > 0) return false;
          step.set(known.cause, known.step);
        }
        memory = result.memory.map((m) => ({ ...m, acted: true }));
      }
      return true;
    }),
  );
  t.pass("held for all");
});
