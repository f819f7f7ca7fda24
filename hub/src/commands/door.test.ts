import { BarnacleError } from "@barnacle/protocol/errors";
import { seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type { CommandRequest, CommandResult } from "@barnacle/protocol/schema";
import fc from "fast-check";
import t, { type Test } from "tap";
import { MemoryCounters } from "../counters.ts";
import { connectNode, manifestOf, pairedNode, type TestRegistry, testRegistry } from "../devices/testing.ts";
import { HousePolicy } from "../policy/index.ts";
import type {
  ApprovalGate,
  CommandCall,
  DeviceLink,
  HeldCommand,
  HomeAppliance,
  Principal,
  Verdict,
} from "../services.ts";
import { CommandDoor } from "./door.ts";

const OPERATOR: Principal = { kind: "operator", id: "anna", scopes: ["operator.write"] };
const MANIFEST = manifestOf({
  capabilities: [
    {
      ...{ name: "gpio", available: true, engine: "chardev" },
      attributes: { lines: [{ line: 17, name: "Door  lock", kernelName: "GPIO17" }, "no line", { line: {} }] },
    },
  ],
  commands: [
    { name: "gpio.write", idempotent: true },
    { name: "talk.speak", idempotent: false, timeoutMs: 5_000 },
    { name: "system.run", idempotent: false },
  ],
  appliances: [
    {
      id: "door",
      name: "front door",
      kind: "lock",
      actions: {
        lock: { command: "gpio.write", params: { line: 17, value: 0 } },
        unlock: { command: "gpio.write", params: { line: 17, value: 1 } },
      },
    },
  ],
});

/** A link to one device that executes at most once per key, as nodes do, and can be told to misbehave. */
class ScriptedLink implements DeviceLink {
  readonly transport = "mqtt";
  readonly requests: CommandRequest[] = [];
  readonly executed: string[] = [];
  connected = true;
  executesOnce = true;
  answer: (request: CommandRequest) => Promise<Partial<CommandResult>> = async () => ({});
  readonly #results = new Map<string, CommandResult>();

  isConnected(): boolean {
    return this.connected;
  }

  async send(_: string, request: CommandRequest): Promise<CommandResult> {
    this.requests.push(request);
    const known = this.#results.get(request.idempotencyKey);
    if (known) return { ...known, commandId: request.commandId, duplicate: true };
    this.executed.push(request.idempotencyKey);
    const { commandId, idempotencyKey } = request;
    const base = { commandId, idempotencyKey, ok: true, duplicate: false, startedAt: 1, durationMs: 2 };
    this.#results.set(idempotencyKey, { ...base, payload: { n: this.executed.length } });
    const result = { ...base, payload: { n: this.executed.length }, ...(await this.answer(request)) };
    this.#results.set(idempotencyKey, result);
    return result;
  }

  kick(): void {
    this.connected = false;
  }
}

/** Says what a test wants, and keeps what it was asked. */
class ScriptedGate implements ApprovalGate {
  readonly held: HeldCommand[] = [];
  verdict: Verdict = { allowed: false, reason: "", params: {} };

  async admit(held: HeldCommand): Promise<Verdict> {
    this.held.push(held);
    return this.verdict;
  }
}

interface House {
  readonly test: TestRegistry;
  readonly link: ScriptedLink;
  readonly gate: ScriptedGate;
  readonly counters: MemoryCounters;
  readonly deviceId: string;
  door: CommandDoor;
  call(patch?: Partial<CommandCall>): CommandCall;
  /** As if the hub's process had ended and begun again; the node stays. */
  restart(): Promise<void>;
}

async function house(t: Test): Promise<House> {
  const test = await testRegistry(t);
  const identity = await pairedNode(test.devices);
  await connectNode(test.devices, identity, 1, MANIFEST);
  await test.devices.approve(test.devices.pending()[0]?.requestId ?? "", OPERATOR);
  const link = new ScriptedLink();
  const counters = new MemoryCounters();
  const random = seededRandom(3);
  const gate = new ScriptedGate();
  // The cellar door is known from the configuration only.
  const cellar: HomeAppliance = {
    id: "cellar",
    name: "cellar door",
    kind: "lock",
    actions: { open: { command: "gpio.write", params: { line: 22, value: 1 } } },
  };
  const household = {
    appliances: () => [cellar, { ...cellar, deviceId: "another", actions: { unlock: { command: "gpio.write" } } }],
  };
  const build = async () => {
    const { store, audit, devices, clock } = test;
    const policy = new HousePolicy({ rules: [] });
    const parts = { store, audit, policy, devices, household, clock, random, counters };
    const door = new CommandDoor({ ...parts, approvals: gate, log: silentLog });
    door.attach(link);
    await door.start();
    return door;
  };
  const house: House = {
    test,
    link,
    gate,
    counters,
    deviceId: identity.deviceId,
    door: await build(),
    call: (patch = {}) => ({
      deviceId: identity.deviceId,
      command: "gpio.write",
      params: { line: 4, value: 1 },
      idempotencyKey: "key-1",
      principal: OPERATOR,
      ...patch,
    }),
    async restart() {
      await house.door.stop();
      await test.restart();
      house.door = await build();
    },
  };
  return house;
}

async function trail(house: House): Promise<string[]> {
  const records = await house.test.audit.list({ limit: 1000 });
  return records
    .filter((r) => r.kind !== "pairing")
    .map((r) => [r.kind, r.data.effect ?? r.data.status, r.data.error].filter(Boolean).join(" "));
}

t.test("a command is decided, recorded, sent, and its outcome recorded", async (t) => {
  const h = await house(t);
  const before = (await h.test.audit.list()).length;
  const outcome = await h.door.invoke(h.call({ turnId: "turn-1", timeoutMs: 9_999_999 }));
  t.match(outcome, { payload: { n: 1 }, duplicate: false, decision: { effect: "allow", rule: "operator-write" } });
  t.match(h.link.requests, [
    { command: "gpio.write", params: { line: 4 }, idempotencyKey: "key-1", turnId: "turn-1", timeoutMs: 600_000 },
  ]);
  const records = (await h.test.audit.list()).slice(before);
  t.match(records, [
    {
      kind: "decision",
      subject: h.deviceId,
      principal: { id: "anna" },
      data: { rule: "operator-write", commandId: outcome.commandId },
    },
    {
      kind: "outcome",
      subject: h.deviceId,
      principal: { id: "anna" },
      data: { status: "done", commandId: outcome.commandId },
    },
  ]);
  t.match(h.door.find(outcome.commandId), { status: "done", turnId: "turn-1", principal: "operator:anna" });
  await h.door.invoke(h.call({ command: "talk.speak", idempotencyKey: "key-2" }));
  await h.door.invoke(h.call({ idempotencyKey: "key-3" }));
  t.same(
    h.link.requests.slice(1).map((r) => r.timeoutMs),
    [5_000, 30_000],
  );
});

t.test("what policy denies never reaches a device, and the denial is on record", async (t) => {
  const h = await house(t);
  const voice: Principal = { kind: "voice", id: h.deviceId };
  await t.rejects(h.door.invoke(h.call({ command: "system.run", principal: voice })), {
    code: "POLICY_DENIED",
    details: { rule: "default-deny", command: "system.run" },
  });
  const unlock = h.call({ principal: voice, params: { line: 17, value: 1 } });
  await t.rejects(
    h.door.invoke(unlock),
    { code: "POLICY_DENIED", details: { rule: "voice-no-unlock" } },
    "a bare GPIO write that unlocks",
  );
  await t.rejects(
    h.door.invoke(h.call({ principal: voice, params: { pin: 17, level: true } })),
    { code: "POLICY_DENIED", details: { rule: "voice-no-unlock" } },
    "also in the words of room nodes",
  );
  for (const params of [
    { line: "door lock", value: 1 },
    { line: " DOOR lock", value: 1 },
    { name: "Door lock", level: true },
    { pin: "gpio17", value: 1 },
  ]) {
    await t.rejects(h.door.invoke(h.call({ principal: voice, params })), {
      code: "POLICY_DENIED",
      details: { rule: "voice-no-unlock" },
    });
  }
  for (const [command, params] of [
    ["gpio.pulse", { line: "Door lock", value: 0, ms: 500 }],
    ["gpio.pwm", { pin: 17, percent: 1 }],
    ["gpio.pwm", { line: 17, percent: 100 }],
  ] as const) {
    await t.rejects(h.door.invoke(h.call({ principal: voice, command, params })), {
      code: "POLICY_DENIED",
      details: { rule: "voice-no-unlock" },
    });
  }
  const cellar = h.call({ principal: voice, params: { line: 22, value: 1 } });
  await t.rejects(
    h.door.invoke(cellar),
    { code: "POLICY_DENIED", details: { rule: "voice-no-unlock" } },
    "a lock of the configuration",
  );
  t.match(await h.door.invoke(h.call({ principal: voice, params: { value: 0, line: 17 } })), {
    decision: { rule: "voice-home" },
  });
  t.same(await trail(h), [...Array(11).fill("decision deny"), "decision allow", "outcome done"]);
  t.equal(h.link.requests.length, 1);
});

t.test(
  "where the policy says to ask, nothing is sent before a yes, and what was done is not asked again",
  async (t) => {
    const h = await house(t);
    const call = h.call({ command: "system.run", params: { command: ["uname"], approved: true } });
    h.gate.verdict = { allowed: false, reason: "ben denied it", params: {} };
    await t.rejects(h.door.invoke(call), {
      code: "POLICY_DENIED",
      message: /ben denied it/,
      details: { rule: "ask-system-run" },
    });
    t.equal(h.link.requests.length, 0);
    const params = { command: ["uname"], approved: true, approvalDecision: "allow-once" };
    h.gate.verdict = { allowed: true, reason: "ben approved it", params };
    const [done, joined] = await Promise.all([h.door.invoke(call), h.door.invoke(call)]);
    t.match(done, {
      duplicate: false,
      decision: { effect: "allow", rule: "ask-system-run", reason: /ben approved it/ },
    });
    t.match(joined, { duplicate: true });
    t.match(
      h.link.requests,
      [{ command: "system.run", params }],
      "what the hub says about approvals, not what a caller says",
    );
    t.match(await h.door.invoke(call), { duplicate: true }, "told again from the journal");
    t.equal(h.gate.held.length, 2, "one denied, one allowed, none for what was done or under way");
    t.match(h.gate.held, [{ command: "system.run", deviceName: String, params: call.params }]);
    t.same(await trail(h), [
      ...[
        "decision ask",
        "decision deny",
        "decision ask",
        "decision ask",
        "decision allow",
        "outcome done",
        "decision ask",
      ],
    ]);
  },
);

t.test("a command that cannot be sent is refused by name, and the refusal is on record", async (t) => {
  const h = await house(t);
  await t.rejects(h.door.invoke(h.call({ deviceId: "0".repeat(64) })), { code: "DEVICE_UNKNOWN" });
  await t.rejects(h.door.invoke(h.call({ command: "gpio.wrote" })), {
    code: "COMMAND_UNKNOWN",
    message: /did you mean gpio.write\?/,
  });
  await t.rejects(h.door.invoke(h.call({ command: "camera.snapshot" })), {
    code: "COMMAND_UNKNOWN",
    message: /talk.speak/,
  });
  h.link.connected = false;
  await t.rejects(h.door.invoke(h.call()), { code: "DEVICE_OFFLINE" });
  h.link.connected = true;
  t.match(await h.door.invoke(h.call()), { duplicate: false }, "the key of a refused command is still fresh");
  await h.test.devices.setManifest(h.deviceId, {
    ...MANIFEST,
    commands: [...MANIFEST.commands, { name: "gpio.pwm", idempotent: true }],
  });
  await t.rejects(h.door.invoke(h.call({ command: "gpio.pwm", idempotencyKey: "key-8" })), { code: "FORBIDDEN" });
  await h.test.devices.block(h.deviceId);
  await t.rejects(h.door.invoke(h.call({ idempotencyKey: "key-9" })), { code: "DEVICE_BLOCKED" });
  t.match(await trail(h), ["decision allow", "outcome refused DEVICE_UNKNOWN"]);
  t.equal(h.link.requests.length, 1);
});

t.test("a key executes once: repeats get the stored outcome, other uses of it are a conflict", async (t) => {
  const h = await house(t);
  const first = await h.door.invoke(h.call());
  const { policyMs: _, ...same } = first;
  t.match(await h.door.invoke(h.call({ params: { value: 1, line: 4 } })), { ...same, duplicate: true });
  await t.rejects(h.door.invoke(h.call({ params: { line: 5 } })), { code: "CONFLICT" });
  t.equal((await trail(h)).at(-1), "outcome refused CONFLICT");
  await h.restart();
  t.match(await h.door.invoke(h.call()), { ...same, duplicate: true });
  t.same(h.link.executed, ["key-1"]);
});

t.test("simultaneous calls with one key become one", async (t) => {
  const h = await house(t);
  const clash = t.rejects(Promise.all([h.door.invoke(h.call()), h.door.invoke(h.call({ params: { line: 9 } }))]), {
    code: "CONFLICT",
  });
  const outcomes = await Promise.all([h.door.invoke(h.call()), h.door.invoke(h.call())]);
  await clash;
  t.same(
    outcomes.map((o) => o.duplicate),
    [true, true],
    "both joined the first",
  );
  t.same(h.link.executed, ["key-1"]);
  t.equal(h.link.requests.length, 1);
});

t.test("a failure of the node keeps its own words, and is the answer to repeats as well", async (t) => {
  const h = await house(t);
  h.link.answer = async () => ({
    ok: false,
    payload: undefined,
    error: { code: "CAMERA_DISABLED", message: "enable it first" },
  });
  const expected = {
    code: "COMMAND_FAILED",
    message: "CAMERA_DISABLED: enable it first",
    details: { nodeError: { code: "CAMERA_DISABLED" }, command: "gpio.write" },
  };
  await t.rejects(h.door.invoke(h.call()), expected);
  await t.rejects(h.door.invoke(h.call()), expected);
  h.link.answer = async () => ({
    ok: false,
    error: { code: "COMMAND_PARAMS", message: "line 99: 0 to 27 was expected" },
  });
  await t.rejects(h.door.invoke(h.call({ idempotencyKey: "key-2" })), { code: "COMMAND_PARAMS", message: /line 99/ });
  t.equal(h.link.requests.length, 2);
  t.match(await trail(h), ["decision allow", "outcome failed COMMAND_FAILED", "decision allow"]);
});

t.test("without an answer the outcome is unknown until the key is tried again", async (t) => {
  const h = await house(t);
  h.link.answer = async () => {
    throw new BarnacleError("COMMAND_TIMEOUT", "no answer");
  };
  await t.rejects(h.door.invoke(h.call()), { code: "COMMAND_TIMEOUT" });
  const { commandId } = h.link.requests[0] ?? { commandId: "" };
  t.match(h.door.find(commandId), { status: "unknown" });
  t.match(await h.door.invoke(h.call()), { commandId, duplicate: true, payload: { n: 1 } });
  t.same(h.link.executed, ["key-1"]);
  t.match(h.door.find(commandId), { status: "done" });
});

t.test("a device without a journal is never sent a command again: its outcome stays unknown", async (t) => {
  const h = await house(t);
  h.link.executesOnce = false;
  h.link.answer = async () => {
    throw new BarnacleError("COMMAND_TIMEOUT", "no answer");
  };
  await t.rejects(h.door.invoke(h.call()), { code: "COMMAND_TIMEOUT" });
  await t.rejects(h.door.invoke(h.call()), { code: "COMMAND_OUTCOME_UNKNOWN", message: /had no answer.*no journal/ });
  await h.restart();
  await t.rejects(h.door.invoke(h.call()), { code: "COMMAND_OUTCOME_UNKNOWN" });
  t.equal(h.link.requests.length, 1);
  t.match((await trail(h)).slice(-2), ["decision allow", "outcome refused COMMAND_OUTCOME_UNKNOWN"]);
  await t.rejects(h.door.invoke(h.call({ params: { line: 5 } })), { code: "CONFLICT" });
});

t.test("while the device is away an unknown outcome is called unknown, and is settled once it is back", async (t) => {
  const h = await house(t);
  h.link.answer = async () => {
    throw new BarnacleError("COMMAND_TIMEOUT", "no answer");
  };
  await t.rejects(h.door.invoke(h.call()), { code: "COMMAND_TIMEOUT" });
  h.link.connected = false;
  await t.rejects(h.door.invoke(h.call()), { code: "COMMAND_OUTCOME_UNKNOWN", message: /is not connected/ });
  h.link.connected = true;
  t.match(await h.door.invoke(h.call()), { duplicate: true, payload: { n: 1 } });
  t.same(h.link.executed, ["key-1"]);
});

t.test("a late result settles an unknown outcome once, and only from the device it belongs to", async (t) => {
  const h = await house(t);
  h.link.answer = async () => {
    throw new BarnacleError("COMMAND_TIMEOUT", "no answer");
  };
  await t.rejects(h.door.invoke(h.call()));
  const { commandId } = h.link.requests[0] ?? { commandId: "" };
  const late: CommandResult = {
    commandId,
    idempotencyKey: "key-1",
    ok: true,
    payload: { late: 1 },
    duplicate: false,
    startedAt: 1,
    durationMs: 40_000,
  };
  t.equal(await h.door.settleLate("0".repeat(64), late), false);
  t.equal(await h.door.settleLate(h.deviceId, late), true);
  t.equal(await h.door.settleLate(h.deviceId, late), false);
  t.equal(await h.door.settleLate(h.deviceId, { ...late, commandId: "never-sent" }), false);
  t.match(await h.door.invoke(h.call()), { duplicate: true, payload: { late: 1 } });
  t.equal(h.link.requests.length, 1);
});

t.test(
  "what was running when the hub died is sent again under the same id, and the node does not repeat it",
  async (t) => {
    const h = await house(t);
    let arrived: () => void = () => {};
    const sent = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    h.link.answer = () => {
      arrived();
      return new Promise(() => {});
    };
    h.door.invoke(h.call()).catch(() => undefined);
    await sent;
    const { commandId } = h.link.requests[0] ?? { commandId: "" };
    t.equal(h.door.find(commandId)?.status, "running");
    await h.restart();
    t.equal(h.door.find(commandId)?.status, "unknown");
    t.match(await h.door.invoke(h.call()), { commandId, duplicate: true });
    t.same(h.link.executed, ["key-1"]);
  },
);

t.test("when the decision cannot be written nothing is sent; when the outcome cannot, it is counted", async (t) => {
  const h = await house(t);
  const full = () =>
    h.test.store.db.exec("CREATE TEMP TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no space'); END");
  full();
  await t.rejects(h.door.invoke(h.call()), { code: "AUDIT_UNWRITABLE" });
  await t.rejects(h.door.invoke(h.call({ command: "system.run" })), { code: "AUDIT_UNWRITABLE" });
  t.equal(h.link.requests.length, 0);
  h.test.store.db.exec("DROP TRIGGER full");
  h.link.answer = async () => {
    full();
    return {};
  };
  t.match(await h.door.invoke(h.call()), { payload: { n: 1 } });
  t.same(h.counters.snapshot(), { "audit.outcomes.lost": 1 });
  h.test.store.db.exec("DROP TRIGGER full");
  t.match(await h.test.audit.verify(), { ok: true });
});

t.test(
  "whatever order calls, timeouts and restarts come in, no key executes twice and every answer for it is the same",
  async (t) => {
    const step = fc.record({
      key: fc.constantFrom("a", "b", "c"),
      mode: fc.constantFrom("call", "call", "timeout", "restart", "offline"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const h = await house(t);
        const answers = new Map<string, unknown>();
        for (const { key, mode } of steps) {
          if (mode === "restart") {
            await h.restart();
            continue;
          }
          h.link.connected = mode !== "offline";
          h.link.answer = async () => {
            if (mode === "timeout") throw new BarnacleError("COMMAND_TIMEOUT", "no answer");
            return {};
          };
          const answer = await h.door.invoke(h.call({ idempotencyKey: key })).catch(() => undefined);
          if (!answer) continue;
          if (answers.has(key)) t.same(answer.payload, answers.get(key));
          answers.set(key, answer.payload);
        }
        await h.door.stop();
        return new Set(h.link.executed).size === h.link.executed.length;
      }),
      { numRuns: 15 },
    );
  },
);

t.test("settled commands are forgotten after a week, links can be taken away", async (t) => {
  const h = await house(t);
  const { commandId } = await h.door.invoke(h.call());
  h.test.clock.jumpTo(h.test.clock.now() + 7 * 24 * 3_600_000);
  await h.test.clock.advance(3_600_000);
  t.equal(h.door.find(commandId), undefined);
  const other = new ScriptedLink();
  const detach = h.door.attach(other);
  detach();
  detach();
  h.link.connected = false;
  await t.rejects(h.door.invoke(h.call()), { code: "DEVICE_OFFLINE" });
});
