import type { DatabaseSync } from "node:sqlite";
import { FakeGpio, type GpioPort } from "@barnacle/hardware/gpio";
import { BarnacleError } from "@barnacle/protocol/errors";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import type { CommandRequest, JsonObject } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import t, { type Test } from "tap";
import type { GpioLine } from "../config/index.ts";
import { PinStates, Pins } from "../pins/index.ts";
import type { Speaker } from "../speaker/index.ts";
import { openDatabase, Settings } from "../state/index.ts";
import { Counters } from "../telemetry/counters.ts";
import { type Command, command, deviceCommands, Executor, gpioCommands, Journal, soundCommands } from "./index.ts";

let ids = 0;
const ask = (name: string, key: string, params: JsonObject = {}): CommandRequest => ({
  commandId: `c${ids++}`,
  command: name,
  params,
  idempotencyKey: key,
  timeoutMs: 1000,
});

function setUp(t: Test, options: { dir?: string; deny?: string[]; hardware?: () => string | undefined } = {}) {
  const dir = options.dir ?? t.testdir({});
  const clock = new FakeClock();
  const runs: JsonObject[] = [];
  const gate: { wait?: Promise<void>; fail?: Error } = {};
  const run = async (params: JsonObject): Promise<JsonObject> => {
    runs.push(params);
    await gate.wait;
    if (gate.fail) throw gate.fail;
    return { done: runs.length };
  };
  const Params = Type.Object({ value: Type.Optional(Type.Integer()) });
  const commands: Command[] = [
    command({ spec: { name: "toast.burn", idempotent: false }, params: Params, run }),
    command({ spec: { name: "lamp.set", idempotent: true }, params: Params, run }),
    command({
      spec: { name: "horn.blow", idempotent: true },
      params: Params,
      unavailable: options.hardware ?? (() => undefined),
      run,
    }),
  ];
  const db = openDatabase(dir);
  const journal = new Journal(db, clock);
  const counters = new Counters();
  const executor = new Executor({ commands, journal, deny: options.deny ?? [], clock, log: silentLog, counters });
  return { executor, journal, clock, runs, gate, dir, db, counters };
}

t.test("a repeated key gets the first result and runs nothing, also after a restart", async (t) => {
  const first = setUp(t);
  const result = await first.executor.execute(ask("toast.burn", "k1", { value: 1 }));
  t.match(result, { ok: true, payload: { done: 1 }, duplicate: false });
  const request = ask("toast.burn", "k1", { value: 1 });
  t.match(await first.executor.execute(request), {
    ok: true,
    payload: { done: 1 },
    duplicate: true,
    commandId: request.commandId,
  });
  first.db.close();
  const second = setUp(t, { dir: first.dir });
  t.match(await second.executor.execute(ask("toast.burn", "k1", { value: 1 })), { ok: true, duplicate: true });
  t.equal(first.runs.length + second.runs.length, 1);
});

t.test("duplicates that come while the first runs share it", async (t) => {
  const { executor, runs, gate } = setUp(t);
  let open = (): void => {};
  gate.wait = new Promise((resolve) => {
    open = resolve;
  });
  const both = Promise.all([executor.execute(ask("toast.burn", "k")), executor.execute(ask("toast.burn", "k"))]);
  const clash = await executor.execute(ask("toast.burn", "k", { value: 2 }));
  t.equal(clash.error?.code, "CONFLICT");
  open();
  const [first, second] = await both;
  t.equal(runs.length, 1);
  t.notOk(first.duplicate);
  t.ok(second.duplicate);
});

t.test("a key used for something else is a conflict", async (t) => {
  const { executor, runs } = setUp(t);
  await executor.execute(ask("toast.burn", "k", { value: 1 }));
  t.equal((await executor.execute(ask("toast.burn", "k", { value: 2 }))).error?.code, "CONFLICT");
  t.equal((await executor.execute(ask("lamp.set", "k", { value: 1 }))).error?.code, "CONFLICT");
  t.equal(runs.length, 1);
});

t.test("what was begun and has no result is never executed again, whatever kind of command it is", async (t) => {
  const first = setUp(t);
  const burn = ask("toast.burn", "k1");
  const set = ask("lamp.set", "k2");
  const gone = ask("kettle.boil", "k3");
  for (const request of [burn, set, gone]) first.journal.started(request, 5);
  first.db.close();
  const { executor, runs } = setUp(t, { dir: first.dir, deny: ["toast.*"] });
  for (const request of [burn, set, gone]) {
    const unknown = await executor.execute(request);
    t.match(unknown, { ok: false, error: { code: "COMMAND_OUTCOME_UNKNOWN" }, startedAt: 5, duplicate: false });
    const again = await executor.execute({ ...request, commandId: "asked again" });
    t.same(again, { ...unknown, commandId: "asked again", duplicate: true }, "and the answer stays");
  }
  t.equal(runs.length, 0);
});

t.test("a start is on disk before the first effect, flushed, and what only looks needs none", async (t) => {
  const { journal, db, clock, counters, dir } = setUp(t);
  const seen: unknown[] = [];
  const other = openDatabase(dir);
  t.teardown(() => other.close());
  const run = async (): Promise<JsonObject> => {
    seen.push(
      other
        .prepare("SELECT key, result FROM journal ORDER BY key")
        .all()
        .map((row) => ({ ...row })),
    );
    seen.push(db.prepare("PRAGMA synchronous").get()?.synchronous);
    return {};
  };
  const params = Type.Object({});
  const commands = [
    command({ spec: { name: "lamp.set", idempotent: true }, params, run }),
    command({ spec: { name: "lamp.get", idempotent: true }, params, looksOnly: true, run }),
  ];
  const executor = new Executor({ commands, journal, deny: [], clock, log: silentLog, counters });
  const FULL = 2;
  await executor.execute(ask("lamp.get", "a"));
  t.same(seen.splice(0), [[], FULL]);
  await executor.execute(ask("lamp.set", "b"));
  t.match(seen.splice(0), [
    [
      { key: "a", result: /true/ },
      { key: "b", result: null },
    ],
    FULL,
  ]);
  t.match(await executor.execute(ask("lamp.get", "a")), { ok: true, duplicate: true });
  t.equal(seen.length, 0, "what was seen under a key stays");
});

t.test(
  "without a start on disk nothing is done; a result that the disk does not take is told all the same",
  async (t) => {
    const { executor, db, runs } = setUp(t);
    const full = (when: string) =>
      db.exec(`CREATE TEMP TRIGGER full BEFORE ${when} ON journal BEGIN SELECT RAISE(ABORT, 'no space'); END`);
    full("INSERT");
    const refused = await executor.execute(ask("lamp.set", "k"));
    t.match(refused, { ok: false, error: { code: "STATE_UNWRITABLE", message: /was not started.*no space/ } });
    t.equal(runs.length, 0);
    db.exec("DROP TRIGGER full");
    full("UPDATE");
    t.match(await executor.execute(ask("lamp.set", "k")), { ok: true, payload: { done: 1 } });
    db.exec("DROP TRIGGER full");
    t.match(await executor.execute(ask("lamp.set", "k")), { error: { code: "COMMAND_OUTCOME_UNKNOWN" } });
    t.equal(runs.length, 1);
  },
);

async function pinsOf(port: GpioPort, db: DatabaseSync, clock: FakeClock, counters: Counters): Promise<Pins> {
  const settings = new Settings(db);
  const lines: GpioLine[] = [{ line: 17, direction: "out", activeLow: false }];
  const pins = new Pins({
    ...{ port, lines, settings, clock, counters, states: new PinStates(settings), log: silentLog },
    ...{ safeAfterMs: 0, edgesPerS: 20, tell: () => {}, changed: () => {} },
  });
  await pins.start();
  return pins;
}

t.test("after a crash the effect is looked for, and never brought about", async (t) => {
  const { journal, db, clock, counters } = setUp(t);
  const gpio = new FakeGpio(clock);
  await gpio.open([{ line: 17, direction: "out" }]);
  const acts: string[] = [];
  const port: GpioPort = Object.assign(Object.create(gpio) as GpioPort, {
    read: (line: number) => gpio.read(line),
    list: () => gpio.list(),
    onEdge: () => () => {},
    onChange: () => () => {},
    write: async () => void acts.push("write"),
    pwm: async () => void acts.push("pwm"),
  });
  const muted = { now: true };
  const sound = soundCommands({
    speaker: { active: false, hush: () => void acts.push("hush") } as unknown as Speaker,
    playerMissing: () => undefined,
    voiceMissing: () => undefined,
    microphoneMissing: () => undefined,
    quiet: async () => {},
    mute: async () => void acts.push("mute"),
    muted: () => muted.now,
    mutedBy: () => [],
    name: "Kitchen",
  });
  const commands = [...gpioCommands(await pinsOf(port, db, clock, counters)), ...sound];
  const executor = new Executor({ commands, journal, deny: [], clock, log: silentLog, counters });
  await gpio.write(17, 1);
  const cases: [string, JsonObject, JsonObject | undefined][] = [
    ["gpio.write", { line: 17, value: 1 }, { line: 17, value: 1 }],
    ["gpio.write", { line: 17, value: 0 }, undefined],
    ["gpio.write", { line: 4, value: 0 }, undefined],
    ["gpio.pwm", { line: 17, percent: 100 }, undefined],
    ["gpio.pulse", { line: 17, ms: 5 }, undefined],
    ["audio.mute", { muted: true }, { muted: true }],
    ["audio.mute", { muted: false }, undefined],
    ["audio.stop", {}, undefined],
  ];
  for (const [name, params, seen] of cases) {
    const request = ask(name, `${name} ${JSON.stringify(params)}`, params);
    journal.started(request, 5);
    const result = await executor.execute(request);
    const expected = seen ? { ok: true, payload: seen } : { ok: false, error: { code: "COMMAND_OUTCOME_UNKNOWN" } };
    t.match(result, { ...expected, duplicate: false }, request.idempotencyKey);
    t.same(await executor.execute(request), { ...result, duplicate: true });
  }
  t.same(acts, []);
  t.match(await executor.execute(ask("gpio.write", "gpio.write new", { line: 17, value: 1 })), { ok: true });
  t.same(acts, ["write"], "a new key acts, though the pin is there");
  t.same(db.prepare("SELECT count(*) AS n FROM journal WHERE result IS NULL").get()?.n, 0);
});

t.test("refusals name what was wrong and are not remembered", async (t) => {
  const { executor, runs } = setUp(t, { deny: ["lamp.*"], hardware: () => "no horn" });
  t.equal((await executor.execute(ask("no.such", "a"))).error?.code, "COMMAND_UNKNOWN");
  const wrong = await executor.execute(ask("toast.burn", "b", { value: "hot" }));
  t.equal(wrong.error?.code, "COMMAND_PARAMS");
  t.match(wrong.error?.message, /\/value: expected integer/);
  t.equal((await executor.execute(ask("lamp.set", "c"))).error?.code, "POLICY_DENIED");
  const horn = await executor.execute(ask("horn.blow", "d"));
  t.match(horn.error, { code: "HARDWARE_UNAVAILABLE", message: /no horn/ });
  t.equal(runs.length, 0);
  t.match(await executor.execute(ask("toast.burn", "b", { value: 3 })), { ok: true });
  t.same(
    executor.specs().map((spec) => spec.name),
    ["toast.burn"],
  );
});

t.test("a command whose time was up on arrival is not started", async (t) => {
  const { executor, runs } = setUp(t);
  const result = await executor.execute({ ...ask("toast.burn", "k"), timeoutMs: 0 });
  t.equal(result.error?.code, "COMMAND_TIMEOUT");
  t.equal(runs.length, 0);
});

t.test("a failure is a result and is remembered", async (t) => {
  const { executor, runs, gate, counters } = setUp(t);
  gate.fail = new BarnacleError("DEVICE_LOST", "the toaster left");
  t.match(await executor.execute(ask("toast.burn", "k")), { ok: false, error: { code: "DEVICE_LOST" } });
  gate.fail = undefined;
  t.match(await executor.execute(ask("toast.burn", "k")), {
    ok: false,
    error: { code: "DEVICE_LOST" },
    duplicate: true,
  });
  gate.fail = new TypeError("boom");
  t.match(await executor.execute(ask("toast.burn", "k2")), { error: { code: "COMMAND_FAILED", message: "boom" } });
  t.equal(runs.length, 2);
  t.equal(counters.get("commandsFailed"), 2);
});

t.test("keys are kept for two weeks, then forgotten", async (t) => {
  const { executor, journal, db, clock } = setUp(t);
  await executor.execute(ask("toast.burn", "k"));
  await clock.advance(13.9 * 24 * 3600 * 1000);
  const strict = new Journal(db, clock, 0);
  t.equal(strict.prune(), 0);
  await clock.advance(0.2 * 24 * 3600 * 1000);
  t.equal(journal.prune(), 0, "unless they are few: the clock may have jumped");
  t.equal(strict.prune(), 1);
});

t.test("programs are looked for where the search path says, and nothing else is a program", async (t) => {
  const dir = t.testdir({ bin: { data: "" } });
  const parts = { info: async () => ({}), health: async () => ({}), wakeStatus: () => ({}) };
  const commands = deviceCommands({ ...parts, searchPath: () => `relative:${dir}/bin:/bin` });
  const which = commands.find(({ spec }) => spec.name === "system.which");
  const call = { commandId: "c", turnId: undefined, expired: () => false };
  t.same(await which?.run({ bins: ["sh", "data", "no-such-program"] }, call), { bins: { sh: "/bin/sh" } });
});

t.test("room nodes' words for pins are understood, and answered in", async (t) => {
  const { journal, db, clock, counters } = setUp(t);
  const gpio = new FakeGpio(clock);
  await gpio.open([{ line: 17, direction: "out" }]);
  const device = deviceCommands({
    ...{ info: async () => ({}), wakeStatus: () => ({}), searchPath: () => "" },
    health: async () => ({ uptimeS: 5, link: { name: "wlan0", kind: "wifi", up: true, signalDbm: -60 } }),
  });
  const commands = [...gpioCommands(await pinsOf(gpio, db, clock, counters)), ...device];
  const executor = new Executor({ commands, journal, deny: [], clock, log: silentLog, counters });
  const run = async (name: string, params: JsonObject) => {
    const { payload, error } = await executor.execute(ask(name, `${name} ${JSON.stringify(params)}`, params));
    return payload ?? error;
  };
  t.same(await run("gpio.write", { pin: 17, level: true }), { pin: 17, level: 1 });
  t.same(await run("gpio.read", { pin: 17 }), { pin: 17, level: 1 });
  t.same(await run("gpio.read", { line: 17 }), { line: 17, value: 1 });
  t.same(await run("gpio.mode", { pin: 17, mode: "output" }), { pin: 17, mode: "output" });
  t.match(await run("gpio.mode", { pin: 17, mode: "input" }), {
    code: "COMMAND_PARAMS",
    message: /line 17 is an output/,
  });
  t.match(await run("gpio.mode", { pin: 3, mode: "input" }), { message: /not configured/ });
  t.match(await run("gpio.write", { pin: 17, level: 2 }), { code: "COMMAND_PARAMS" });
  t.same(await run("device.status", {}), await run("device.health", {}));
  t.same(await run("wifi.status", {}), { connected: true, name: "wlan0", kind: "wifi", up: true, signalDbm: -60 });
});
