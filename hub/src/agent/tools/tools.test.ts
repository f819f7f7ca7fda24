import { BarnacleError } from "@barnacle/protocol/errors";
import t from "tap";
import { fakeHousehold } from "../../gateway/testing.ts";
import type { CommandCall, NodeTool, TurnRecord } from "../../services.ts";
import { KITCHEN, node } from "../../voice/testing.ts";
import { HomeTools } from "./home.ts";
import { NodeTools } from "./nodes.ts";
import { Toolbox } from "./tool.ts";

const USE = { principal: { kind: "operator" as const, id: "anna" }, sessionKey: "agent:main:main", key: "tool-1" };

function home(answer: Partial<TurnRecord> = {}) {
  const calls: CommandCall[] = [];
  const commands = {
    invoke: async (call: CommandCall) => {
      calls.push(call);
      return { payload: { value: 1 } } as never;
    },
  };
  const router = {
    route: ({ capability, room }: { capability: string; room?: string }) =>
      capability === "gpio.write"
        ? { chosen: { deviceId: KITCHEN, displayName: `Node of ${room}`, score: 1, why: "" }, ranked: [], rejected: [] }
        : { ranked: [], rejected: [{ deviceId: KITCHEN, displayName: "Node", reason: "does not offer it" }] },
  };
  const asked: unknown[] = [];
  const voice = {
    ask: async (text: string, options: object) => {
      asked.push([text, options]);
      return { ok: true, reply: "Done.", ...answer } as TurnRecord;
    },
  };
  const devices = { list: () => [node(KITCHEN, "Node", "kitchen"), node("b".repeat(64), "Other", "attic")] };
  const toolbox = new Toolbox([new HomeTools({ voice, devices, router, commands, household: fakeHousehold() })]);
  const use = (name: string, args: object, room?: string) => toolbox.get(name).run(args as never, { ...USE, room });
  return { use, calls, asked, toolbox, commands };
}

t.test("the home is listed, whole or by room", async (t) => {
  const { use } = home();
  t.match(await use("home_list", {}), { rooms: ["kitchen"], devices: [{ name: "Node" }, { name: "Other" }] });
  t.same(((await use("home_list", { room: "Attic" })) as { devices: unknown[] }).devices.length, 1);
  await t.rejects(use("home_list", { room: "" }), { code: "INPUT_INVALID", message: /arguments of home_list/ });
});

t.test("a sentence is said where the person is, once per key; what fails is told", async (t) => {
  const { use, asked } = home();
  t.same(await use("home_say", { text: "turn on the light" }, "kitchen"), { ok: true, reply: "Done." });
  t.match(asked, [["turn on the light", { room: "kitchen", idempotencyKey: "tool-1", origin: "run" }]]);
  const unclear = new BarnacleError("NOT_UNDERSTOOD", "x").toShape();
  await t.rejects(home({ ok: false, error: unclear }).use("home_say", { text: "fly" }), { message: /home_list shows/ });
  await t.rejects(home({ ok: false, reply: "It is locked." }).use("home_say", { text: "x" }), {
    message: "It is locked.",
  });
});

t.test("a command goes to the device that the router chooses, in the name of who asked", async (t) => {
  const { use, calls } = home();
  const args = { command: "gpio.write", params: { line: 1, value: 1 } };
  t.match(await use("device_command", args, "kitchen"), { ok: true, device: "Node of kitchen", payload: { value: 1 } });
  t.match(calls, [{ deviceId: KITCHEN, command: "gpio.write", idempotencyKey: "tool-1", principal: { id: "anna" } }]);
  await t.rejects(use("device_command", { command: "fly.now" }), {
    code: "ROUTE_NONE",
    message: "no device can do fly.now now (Node: does not offer it)",
  });
});

t.test("tools of nodes are commands; of two with one name the home's counts", async (t) => {
  const { commands, calls } = home();
  const offered: NodeTool = {
    nodeId: KITCHEN,
    pluginId: "cam",
    name: "look",
    description: "Looks.",
    command: "camera.snap",
  };
  const offers = {
    tools: () => [offered, { ...offered, name: "home_list" }],
    callOf: ({ nodeId, command }: NodeTool, params: never) => ({ deviceId: nodeId, command, params }),
  };
  const toolbox = new Toolbox([
    ...[home().toolbox].map((box) => ({ tools: () => box.list() })),
    new NodeTools({ offers, commands }),
  ]);
  t.match(toolbox.get("look"), {
    source: { kind: "plugin", id: `cam@${KITCHEN.slice(0, 12)}` },
    parameters: { type: "object" },
  });
  t.match(toolbox.get("home_list"), { source: { kind: "core" } });
  t.same(await toolbox.get("look").run({ zoom: 2 }, USE), { value: 1 });
  t.match(calls, [{ command: "camera.snap", params: { zoom: 2 } }]);
  t.throws(() => toolbox.get("none"), { code: "NOT_FOUND" });
});
