import { seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type { CommandRequest, CommandResult, JsonObject } from "@barnacle/protocol/schema";
import fc from "fast-check";
import t, { type Test } from "tap";
import { CommandDoor } from "../commands/index.ts";
import type { PolicyRule } from "../config/schema.ts";
import { MemoryCounters } from "../counters.ts";
import { connectNode, manifestOf, pairedNode, testRegistry } from "../devices/testing.ts";
import { HousePolicy } from "../policy/index.ts";
import type { CommandCall, DeviceLink, Principal } from "../services.ts";
import { EmergencyStop, SafeOutputs, type Stoppable } from "./index.ts";
import { stopOf } from "./operations.ts";

const ANNA: Principal = { kind: "operator", id: "anna", scopes: ["operator.admin"] };
const LINES = [
  { line: 18, name: "heater", direction: "out", value: 1, safe: 0 },
  { line: 19, direction: "out", value: 0, safe: 1 },
  { line: 20, direction: "out", value: 1 },
  { line: 21, direction: "in", value: 1 },
];

class Node implements DeviceLink {
  readonly transport = "mqtt";
  readonly executesOnce = true;
  readonly done: [string, JsonObject][] = [];
  fails: string | undefined;

  isConnected(): boolean {
    return true;
  }

  async send(_: string, { command, params, commandId, idempotencyKey }: CommandRequest): Promise<CommandResult> {
    this.done.push([command, params]);
    const base = { commandId, idempotencyKey, duplicate: false, startedAt: 1, durationMs: 1 };
    if (command === this.fails) return { ...base, ok: false, error: { code: "HARDWARE_UNAVAILABLE", message: "gone" } };
    return { ...base, ok: true, payload: command === "gpio.list" ? { lines: LINES } : {} };
  }

  kick(): void {}
}

async function house(t: Test, rules: readonly PolicyRule[] = []) {
  const registry = await testRegistry(t);
  const { store, audit, devices, clock } = registry;
  const identity = await pairedNode(devices);
  const offered = ["gpio.write", "gpio.read", "gpio.list", "talk.speak", "drill.start"];
  await connectNode(
    devices,
    identity,
    1,
    manifestOf({ commands: offered.map((name) => ({ name, idempotent: true })) }),
  );
  await devices.approve(devices.pending()[0]?.requestId ?? "", ANNA);
  const shared = { store, audit, clock, log: silentLog };
  const estop = new EmergencyStop(shared);
  const policy = new HousePolicy({ rules, estop });
  const random = seededRandom(5);
  const door = new CommandDoor({ ...shared, policy, devices, random, counters: new MemoryCounters() });
  const node = new Node();
  door.attach(node);
  estop.attach(new SafeOutputs({ devices, commands: door, random, log: silentLog }));
  let n = 0;
  const call = (command: string, principal = ANNA): CommandCall => ({
    ...{ deviceId: identity.deviceId, command, params: { line: 18, value: 1 }, principal },
    idempotencyKey: `key-${n++}`,
  });
  return { ...registry, estop, policy, door, node, call, again: () => new EmergencyStop(shared) };
}

t.test(
  "while it holds nothing moves, whoever asks and whatever the rules say; looking and speaking go on",
  async (t) => {
    const allowAll: PolicyRule = { id: "emergency-stop", effect: "allow", principals: ["*"], names: ["*"] };
    const { estop, door, node, call, audit } = await house(t, [allowAll]);
    await door.invoke(call("gpio.write"));
    t.match(await estop.pull({ who: "anna", reason: "smoke", principal: ANNA }), {
      ...{ stopped: true, by: "anna", reason: "smoke", changed: true, kept: true },
    });
    node.done.length = 0;
    for (const command of ["gpio.write", "drill.start"]) {
      await t.rejects(door.invoke(call(command)), {
        ...{
          code: "POLICY_DENIED",
          message: /an emergency stop holds since .*, by anna: smoke/,
          hint: /barnacle thaw/,
        },
        details: { rule: "emergency-stop", command },
      });
    }
    await t.rejects(door.invoke(call("gpio.write", { kind: "system", id: "timers" })), { code: "POLICY_DENIED" });
    t.same(node.done, []);
    const denied = (await audit.list({ limit: 100 })).filter(({ data }) => data.effect === "deny");
    t.match(denied, [
      { kind: "decision", data: { command: "gpio.write", effect: "deny" } },
      { kind: "decision", data: { command: "drill.start", effect: "deny" } },
      { kind: "decision", principal: { id: "timers" }, data: { effect: "deny" } },
    ]);
    await door.invoke(call("gpio.read"));
    await door.invoke(call("talk.speak"));
    await estop.thaw({ who: "anna", principal: ANNA });
    await door.invoke(call("gpio.write"));
    t.same(
      node.done.map(([command]) => command),
      ["gpio.read", "talk.speak", "gpio.write"],
    );
    const asked = (await audit.list({ limit: 100 })).filter(({ subject }) => subject.startsWith("estop."));
    t.match(asked, [
      { kind: "work", subject: "estop.stop", principal: { id: "anna" }, data: { who: "anna", reason: "smoke" } },
      { kind: "work", subject: "estop.thaw" },
    ]);
  },
);

t.test("no rule and no caller is stronger than it, and its explanation says so", async (t) => {
  let stopped = true;
  const estop = { state: () => (stopped ? { stopped, by: "anna" } : { stopped }) };
  const rule: fc.Arbitrary<PolicyRule> = fc.record({
    id: fc.constantFrom("emergency-stop", "emergency-safe", "mine"),
    effect: fc.constantFrom("allow" as const, "ask" as const),
    principals: fc.constantFrom(["*"], ["operator"]),
    names: fc.constantFrom(["*"], ["gpio.*"]),
  });
  const names = ["gpio.write", "gpio.pulse", "system.run", "browser.proxy", "sms.send", "hid.type", "nobody.knows"];
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 4 }),
      fc.constantFrom(...names),
      fc.constantFrom("operator", "voice", "node", "system"),
      (rules, name, kind) => {
        const policy = new HousePolicy({ rules, estop });
        const request = { action: "command", name, principal: { kind, id: "x", scopes: ["operator.admin"] } } as const;
        const { decision, rules: listed } = policy.explain(request);
        return decision.effect === "deny" && decision.rule === "emergency-stop" && listed[0]?.matched === true;
      },
    ),
  );
  const policy = new HousePolicy({ rules: [], estop });
  const method = { action: "method", name: "estop.thaw", principal: ANNA } as const;
  t.match(policy.decide(method), { effect: "allow" }, "what people ask of the hub itself goes on");
  stopped = false;
  const write = { action: "command", name: "gpio.write", principal: ANNA } as const;
  t.match(policy.decide(write), { effect: "allow", rule: "operator-admin" });
});

t.test("a command that was allowed and not sent yet when the stop came is not sent", async (t) => {
  const { estop, door, node, call } = await house(t);
  const allowed = call("gpio.write");
  const under = door.invoke(allowed);
  const answer = estop.pull({ who: "anna" });
  await t.rejects(under, { code: "POLICY_DENIED", details: { rule: "emergency-stop" } });
  await answer;
  t.same(
    node.done.filter(([, { value }]) => value === allowed.params.value && node.done.length === 1),
    [],
  );
  await estop.thaw({ who: "anna" });
  node.done.length = 0;
  await door.invoke(allowed);
  t.equal(node.done.length, 1, "the same key may be used again");
});

t.test("outputs take the safe values that a node declares, through the same door, on record", async (t) => {
  const { estop, node, audit } = await house(t);
  const { held } = await estop.pull({ who: "anna" });
  t.match(held, { outputs: [/: heater$/, /: 19$/] });
  t.same(node.done, [
    ["gpio.list", {}],
    ["gpio.write", { line: "heater", value: 0 }],
    ["gpio.write", { line: 19, value: 1 }],
  ]);
  const records = await audit.list({ limit: 100 });
  const decisions = records.filter(({ kind, principal }) => kind === "decision" && principal.id === "emergency-stop");
  t.same(
    decisions.map(({ data }) => [data.command, data.rule]),
    [
      ["gpio.list", "emergency-safe"],
      ["gpio.write", "emergency-safe"],
      ["gpio.write", "emergency-safe"],
    ],
  );
  node.fails = "gpio.write";
  t.match((await estop.pull({ who: "ben" })).held, { outputs: [/heater \(not made safe: gone\)/, /19 \(not made/] });
  node.fails = "gpio.list";
  t.match((await estop.pull({ who: "ben" })).held, { outputs: [/\(not made safe: gone\)/] });
});

t.test("it holds over restarts until it is lifted; who comes late is held at once", async (t) => {
  const { estop, again, store, clock } = await house(t);
  const told: unknown[] = [];
  estop.events.on("changed", ({ stopped }) => told.push(stopped));
  t.same(stopOf(store), { stopped: false });
  t.doesNotThrow(() => estop.refuse("hq-1 is not slung"));
  await estop.pull({ who: "anna", reason: "smoke" });
  const since = clock.now();
  await clock.advance(1000);
  t.match(
    await estop.pull({ who: "ben", reason: "more smoke" }),
    { changed: false, by: "anna", since },
    "the first stands",
  );
  t.throws(() => estop.refuse("hq-1 is not slung"), { code: "ESTOPPED", message: /^hq-1 is not slung: an emergency/ });
  const second = again();
  await second.start();
  t.same(second.state(), { stopped: true, since, by: "anna", reason: "smoke" });
  t.same(stopOf(store), second.state());
  const late = part("agents");
  const leave = second.attach(late);
  t.same(late.calls, ["freeze"]);
  t.match(await second.thaw({ who: "anna" }), { stopped: false, changed: true, held: { agents: ["toast"] } });
  t.same(late.calls, ["freeze", "release"]);
  leave();
  t.match(await second.thaw({ who: "anna" }), { changed: false });
  const third = again();
  await third.start();
  t.same(third.state(), { stopped: false });
  t.same(told, [true], "told once, when it changed");
});

t.test("what cannot be held is named and keeps nothing else from being held", async (t) => {
  const { estop } = await house(t);
  const [good, bad] = [part("agents"), part("merges")];
  bad.freeze = async () => {
    throw new TypeError("no such process");
  };
  estop.attach(bad);
  estop.attach(good);
  t.match((await estop.pull({ who: "anna" })).held, { merges: { problem: "no such process" }, agents: ["toast"] });
});

t.test("a full disk does not keep anybody from stopping; it is written down when there is room", async (t) => {
  const { store, clock, audit } = await house(t);
  let full = true;
  const trail = {
    record: (entry: Parameters<typeof audit.record>[0]) => {
      if (full) throw new TypeError("no space left on device");
      audit.record(entry);
    },
  };
  const estop = new EmergencyStop({ store, clock, log: silentLog, audit: trail });
  t.match(await estop.pull({ who: "anna" }), { stopped: true, kept: false });
  t.match([estop.state(), stopOf(store)], [{ stopped: true, kept: false }, { stopped: false }]);
  t.throws(() => estop.refuse("no"), { code: "ESTOPPED" });
  await t.rejects(estop.thaw({ who: "anna" }));
  t.equal(estop.state().stopped, true, "not lifted without a record either");
  await clock.advance(5000);
  await settled();
  t.equal(stopOf(store).stopped, false, "still full");
  full = false;
  await clock.advance(5000);
  await settled();
  t.match(stopOf(store), { stopped: true, by: "anna" });
  t.notOk("kept" in estop.state());
  await estop.stop();
});

/** Lets what is in flight come to its end, without any clock. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

function part(name: string): Stoppable & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    name,
    calls,
    freeze: async () => {
      calls.push("freeze");
      return ["toast"];
    },
    release: async () => {
      calls.push("release");
      return ["toast"];
    },
  };
}
