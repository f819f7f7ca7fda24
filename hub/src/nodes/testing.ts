import { generateIdentity } from "@barnacle/protocol/identity";
import { seededRandom } from "@barnacle/protocol/runtime";
import { FakeRuns, FakeSessions } from "../agent/testing.ts";
import { ANNA, connectNode, manifestOf, pairNode, testRegistry } from "../devices/testing.ts";
import type { DeviceRecord } from "../services.ts";
import { NativeNodes } from "./native.ts";

/** The kitchen's node, connected, and an agent that a test answers for. */
export async function testNode(t: { teardown(fn: () => unknown): void }) {
  const registry = await testRegistry(t);
  const { store, devices, clock } = registry;
  const identity = generateIdentity();
  const { deviceId } = identity;
  const names = ["gpio.write", "system.run"];
  const { code } = await devices.createSetupCode({ by: ANNA });
  await pairNode(devices, identity, { setupCode: code, name: "Kitchen", commands: names });
  const commands = names.map((name) => ({ name, idempotent: false }));
  await connectNode(devices, identity, 1, manifestOf({ name: "Kitchen", commands }));
  const nodes = new NativeNodes({ store, devices, clock, random: seededRandom(3) });
  nodes.offers.join(deviceId, "c1");
  const agent = { runs: new FakeRuns(), sessions: new FakeSessions() };
  const subscriptions = new Set<string>();
  const tell = (event: string, payload: unknown, connId = "c1") =>
    nodes.event(event, payload, { device: devices.get(deviceId) as DeviceRecord, connId, subscriptions }, agent);
  return { ...registry, nodes, nodeId: deviceId, agent, subscriptions, tell };
}
