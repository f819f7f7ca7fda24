import { type DeviceIdentity, generateIdentity } from "@barnacle/protocol/identity";
import { type NodeWanted, revisionOf } from "@barnacle/protocol/node-config";
import { Events, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import { ANNA, connectNode, manifestOf, pairNode, testRegistry } from "../devices/testing.ts";
import type { CommandCall, CommandOutcome } from "../services.ts";
import { StoredFleetConfig, StoredFleetJobs, type WantedWire } from "./index.ts";

interface Teardown {
  teardown(fn: () => unknown): void;
}

/** The fleet's parts on a real registry and store; nodes and commands are answered by the test. */
export async function testFleet(t: Teardown, rooms: readonly string[]) {
  const registry = await testRegistry(t);
  const events: WantedWire["events"] = new Events();
  const ready = new Set<string>();
  const sent: { deviceId: string; wanted: NodeWanted }[] = [];
  const calls: CommandCall[] = [];
  const wire: WantedWire = {
    events,
    isReady: (deviceId) => ready.has(deviceId),
    send: async (deviceId, wanted) => void sent.push({ deviceId, wanted }),
  };
  const build = () => {
    const shared = { store: registry.store, devices: registry.devices, clock: registry.clock, log: silentLog };
    const config = new StoredFleetConfig({ ...shared, wire });
    const commands = {
      invoke: async (call: CommandCall): Promise<CommandOutcome> => {
        calls.push(call);
        return fleet.answer(call);
      },
    };
    const jobs = new StoredFleetJobs({ ...shared, config, commands, random: seededRandom(5 + calls.length) });
    return { config, jobs };
  };
  const identities: DeviceIdentity[] = [];
  const fleet = {
    ...registry,
    ...{ events, ready, sent, calls, identities },
    ...build(),
    answer: async (_call: CommandCall): Promise<CommandOutcome> => ({}) as CommandOutcome,
    /** Connects a node, under a new incarnation. */
    async connect(i: number, incarnation: number, patch = {}) {
      const identity = identities[i] as DeviceIdentity;
      await connectNode(
        registry.devices,
        identity,
        incarnation,
        manifestOf({ name: rooms[i] as string, room: rooms[i] as string, ...patch }),
      );
      ready.add(identity.deviceId);
      events.emit("ready", { deviceId: identity.deviceId });
    },
    /** A node takes what it was sent last, or refuses it. */
    async take(deviceId: string, problem?: { key: string; message: string }) {
      const { revision } = sent.findLast((one) => one.deviceId === deviceId)?.wanted ?? { revision: revisionOf({}) };
      const before = fleet.config.state(deviceId).actual?.revision ?? null;
      const refused = problem && { refused: { revision, problems: [problem] } };
      await fleet.config.receive(deviceId, { revision: problem ? before : revision, kept: [], ...refused });
    },
    /** Stops the fleet's parts and starts them again on the same store. */
    async reopen() {
      await fleet.jobs.stop();
      await fleet.config.stop();
      Object.assign(fleet, build());
      await fleet.config.start();
      await fleet.jobs.start();
    },
  };
  for (const name of rooms) {
    const identity = generateIdentity();
    const { code } = await registry.devices.createSetupCode({ by: ANNA });
    await pairNode(registry.devices, identity, { setupCode: code, name });
    await registry.devices.setRoom(identity.deviceId, name);
    identities.push(identity);
  }
  identities.sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
  for (const [i] of identities.entries()) {
    await registry.devices.setRoom((identities[i] as DeviceIdentity).deviceId, rooms[i] as string);
  }
  await fleet.config.start();
  await fleet.jobs.start();
  t.teardown(async () => {
    await fleet.jobs.stop();
    await fleet.config.stop();
  });
  return fleet;
}
