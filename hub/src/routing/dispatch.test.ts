import { BarnacleError } from "@barnacle/protocol/errors";
import type { DeviceIdentity } from "@barnacle/protocol/identity";
import { seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type { CommandRequest, CommandResult } from "@barnacle/protocol/schema";
import t, { type Test } from "tap";
import { CommandDoor } from "../commands/index.ts";
import { MemoryCounters } from "../counters.ts";
import { connectNode, manifestOf, pairedNode, testRegistry } from "../devices/testing.ts";
import { HousePolicy } from "../policy/index.ts";
import type { DeviceLink, Principal, RoutedCall } from "../services.ts";
import { Dispatcher } from "./dispatch.ts";
import { CapabilityRouter } from "./router.ts";

const ANNA: Principal = { kind: "operator", id: "anna", scopes: ["operator.write"] };

/** Two nodes in two rooms behind the real door, policy and journal; the test says what each does. */
async function house(t: Test) {
  const registry = await testRegistry(t);
  const { devices, store, audit, clock } = registry;
  const behaviours = new Map<string, (request: CommandRequest) => Promise<Partial<CommandResult>>>();
  const executed: [string, string][] = [];
  const names = new Map<string, string>();
  const link: DeviceLink = {
    transport: "mqtt",
    executesOnce: true,
    isConnected: (id) => devices.get(id)?.online === true,
    kick: () => {},
    async send(id, request) {
      executed.push([names.get(id) ?? "?", request.command]);
      const { commandId, idempotencyKey } = request;
      const base = { commandId, idempotencyKey, ok: true, duplicate: false, startedAt: 1, durationMs: 1, payload: {} };
      return { ...base, ...(await behaviours.get(id)?.(request)) };
    },
  };
  const nodes: Record<string, DeviceIdentity> = {};
  for (const name of ["Kitchen", "Hall"]) {
    const node = await pairedNode(devices, name);
    const commands = [
      { name: "gpio.write", idempotent: true },
      { name: "talk.speak", idempotent: false },
    ];
    await connectNode(devices, node, 1, manifestOf({ name, room: name.toLowerCase(), commands }));
    nodes[name] = node;
    names.set(node.deviceId, name);
  }
  const door = new CommandDoor({
    ...{ store, audit, devices, clock, random: seededRandom(5), log: silentLog, counters: new MemoryCounters() },
    policy: new HousePolicy({ rules: [] }),
  });
  await door.start();
  t.teardown(() => door.stop());
  door.attach(link);
  const dispatcher = new Dispatcher({ router: new CapabilityRouter({ devices, clock }), commands: door, devices });
  const invoke = (command: string, key: string, route: RoutedCall["route"] = { room: "kitchen" }) =>
    dispatcher.invoke({ command, params: {}, idempotencyKey: key, principal: ANNA, route });
  const dies = async (): Promise<never> => {
    throw new BarnacleError("COMMAND_TIMEOUT", "the device dropped off and did not return");
  };
  const act = (name: string, fn: (request: CommandRequest) => Promise<Partial<CommandResult>>) =>
    behaviours.set(nodes[name]?.deviceId ?? "", fn);
  return { ...registry, executed, nodes, invoke, act, dies };
}

t.test("R11.4 what may be repeated goes on to the next best node, with a word on what failed", async (t) => {
  const { invoke, act, dies, executed } = await house(t);
  act("Kitchen", dies);
  const outcome = await invoke("gpio.write", "k1");
  t.same(executed, [
    ["Kitchen", "gpio.write"],
    ["Hall", "gpio.write"],
  ]);
  t.match(outcome.failed, [{ displayName: "Kitchen", problem: /dropped off/ }]);
  t.match(outcome.why, /in the hall/);
});

t.test("R11.4 a node that dies after the deed keeps a command that may not be repeated", async (t) => {
  const { invoke, act, dies, executed } = await house(t);
  act("Kitchen", dies);
  await t.rejects(invoke("talk.speak", "k1"), { code: "COMMAND_TIMEOUT" });
  t.same(executed, [["Kitchen", "talk.speak"]], "nobody else is asked");
  act("Kitchen", async () => ({ duplicate: true }));
  const again = await invoke("talk.speak", "k1", { room: "hall" });
  t.equal(executed.at(-1)?.[0], "Kitchen", "the key stays with it, even when another would be chosen today");
  t.ok(again.duplicate);
  t.notOk(executed.some(([name]) => name === "Hall"));
});

t.test("R11.4 a key that was used is not used elsewhere while its node is away", async (t) => {
  const { invoke, act, dies, executed, devices, nodes } = await house(t);
  act("Kitchen", dies);
  await t.rejects(invoke("talk.speak", "k1"), { code: "COMMAND_TIMEOUT" });
  await devices.disconnected(nodes.Kitchen?.deviceId ?? "", undefined, "gone");
  await t.rejects(invoke("talk.speak", "k1"), { code: /OFFLINE|OUTCOME_UNKNOWN/ });
  t.same(executed, [["Kitchen", "talk.speak"]]);
  await invoke("talk.speak", "k2");
  t.same(executed.at(-1), ["Hall", "talk.speak"], "another key is another deed");
});

t.test("R11.4 a failure that the node tells is treated the same", async (t) => {
  const { invoke, act, executed } = await house(t);
  const error = { code: "COMMAND_FAILED" as const, message: "no voice" };
  act("Kitchen", async () => ({ ok: false, error }));
  await t.rejects(invoke("talk.speak", "k1"), { code: "COMMAND_FAILED" });
  t.equal((await invoke("gpio.write", "k2")).failed.length, 1);
  t.same(
    executed.map(([name]) => name),
    ["Kitchen", "Kitchen", "Hall"],
  );
});

t.test("mistakes in the call are not carried from node to node", async (t) => {
  const { invoke, act, executed } = await house(t);
  act("Kitchen", async () => ({ ok: false, error: { code: "COMMAND_PARAMS" as const, message: "line is missing" } }));
  await t.rejects(invoke("gpio.write", "k1"), { code: "COMMAND_PARAMS" });
  t.equal(executed.length, 1);
});

t.test("nobody is chosen whom the policy would refuse, and the answer says why", async (t) => {
  const { invoke, executed } = await house(t);
  await t.rejects(invoke("system.run", "k1"), { code: "ROUTE_NONE", message: /does not offer system\.run/ });
  const registry = await house(t);
  const policy = new HousePolicy({
    rules: [{ id: "quiet-kitchen", effect: "deny", principals: ["operator:*"], names: ["talk.*"], rooms: ["kitchen"] }],
  });
  const { devices, store, audit, clock } = registry;
  const door = new CommandDoor({
    ...{
      store,
      audit,
      devices,
      clock,
      random: seededRandom(6),
      log: silentLog,
      counters: new MemoryCounters(),
      policy,
    },
  });
  const seen: string[] = [];
  door.attach({
    ...{ transport: "mqtt", executesOnce: true, isConnected: () => true, kick: () => {} },
    async send(id, { commandId, idempotencyKey }) {
      seen.push(devices.get(id)?.displayName ?? "?");
      return { commandId, idempotencyKey, ok: true, duplicate: false, startedAt: 1, durationMs: 1, payload: {} };
    },
  });
  const dispatcher = new Dispatcher({ router: new CapabilityRouter({ devices, clock }), commands: door, devices });
  const call = { command: "talk.speak", params: {}, idempotencyKey: "k1", principal: ANNA };
  await dispatcher.invoke({ ...call, route: { room: "kitchen" } });
  t.same(seen, ["Hall"]);
  const kitchen = dispatcher.invoke({
    ...call,
    idempotencyKey: "k2",
    route: { deviceId: registry.nodes.Kitchen?.deviceId },
  });
  await t.rejects(kitchen, { code: "ROUTE_NONE", message: /Kitchen: not permitted/ });
  t.same(executed, []);
});
