import t from "tap";
import { testNode } from "./testing.ts";

const tool = (name: string, more: object = {}) => ({ pluginId: "p", name, description: "does it", ...more });

t.test("an agent is offered only tools that can be called now, and knows the command behind each", async (t) => {
  const { nodes, nodeId, devices } = await testNode(t);
  const { offers } = nodes;
  let changes = 0;
  offers.events.on("offers", () => changes++, t);
  offers.setTools(nodeId, "c1", [
    tool("lamp", { command: "gpio.write", parameters: { type: "object" } }),
    tool("lamp", { command: "gpio.write", description: "the later one counts" }),
    tool("far", { command: "not.offered" }),
    tool("mcp", { mcp: { server: "s", tool: "t" } }),
    tool("nothing"),
  ]);
  t.match(offers.tools(), [{ nodeId, name: "lamp", description: "the later one counts" }]);
  t.equal(offers.tools().length, 1);
  const [lamp] = offers.tools();
  if (!lamp) throw new RangeError("there is one");
  t.same(offers.callOf(lamp, { line: 1 }), { deviceId: nodeId, command: "gpio.write", params: { line: 1 } });
  t.same(offers.callOf({ ...lamp, mcp: { server: "s", tool: "t" } }, { a: 1 }).params, {
    ...{ server: "s", tool: "t", arguments: { a: 1 } },
  });
  offers.setSkills(nodeId, "c1", [{ name: "lamps", description: "d", content: "c" }]);
  t.match(offers.skills(), [{ nodeId, name: "lamps" }]);
  t.equal(offers.setTools(nodeId, "older", []), undefined);
  t.equal(offers.setSkills(nodeId, "older", []), undefined);
  await devices.block(nodeId);
  t.same([offers.tools(), offers.skills()], [[], []]);
  offers.leave(nodeId, "c1");
  t.equal(changes, 3);
});

t.test("work waits on disk, once of each kind, and is handed out once, the urgent first", async (t) => {
  const test = await testNode(t);
  const { nodes, nodeId, clock } = test;
  const { work } = nodes;
  const first = await work.enqueue({ nodeId, type: "status.request", expiresInMs: 1000 });
  const again = await work.enqueue({ nodeId, type: "status.request", priority: "high" });
  t.same(again, first);
  await work.enqueue({ nodeId, type: "location.request", priority: "high" });
  t.match(await work.drain(nodeId, 1), { revision: 3, items: [{ type: "location.request" }], hasMore: true });
  await clock.advance(1000);
  t.match(await work.drain(nodeId, 4), { items: [], hasMore: false }, "what expired is not asked any more");
  await t.rejects(work.enqueue({ nodeId: "nobody", type: "status.request" }), { code: "DEVICE_UNKNOWN" });
});
