import { seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type { CommandRequest } from "@barnacle/protocol/schema";
import t from "tap";
import { MemoryCounters } from "../counters.ts";
import { ANNA, connectNode, manifestOf, pairedNode, testRegistry } from "../devices/testing.ts";
import { HousePolicy } from "../policy/index.ts";
import { CommandDoor } from "./door.ts";

t.test("where nobody has to be asked, nobody can claim to have been either", async (t) => {
  const { store, audit, devices, clock } = await testRegistry(t);
  const commands = [{ name: "system.run", idempotent: false }];
  const node = await pairedNode(devices, "Kitchen");
  await connectNode(devices, node, 1, manifestOf({ name: "Kitchen", commands }));
  await devices.approve(devices.pending()[0]?.requestId ?? "", ANNA);
  const door = new CommandDoor({
    ...{ store, audit, devices, clock, random: seededRandom(5), log: silentLog, counters: new MemoryCounters() },
    policy: new HousePolicy({ rules: [{ id: "ask-system-run", effect: "allow" }] }),
  });
  const sent: CommandRequest[] = [];
  door.attach({
    ...{ transport: "websocket", executesOnce: false, isConnected: () => true, kick: () => {} },
    async send(_deviceId, request) {
      sent.push(request);
      const { commandId, idempotencyKey } = request;
      return { commandId, idempotencyKey, ok: true, payload: {}, duplicate: false, startedAt: 1, durationMs: 1 };
    },
  });
  const params = { command: ["id"], approved: true, approvalDecision: "allow-always" };
  const call = { deviceId: node.deviceId, command: "system.run", params, idempotencyKey: "k", principal: ANNA };
  await door.invoke(call);
  t.match(await door.invoke(call), { duplicate: true }, "the same call again is the same call");
  t.same(
    sent.map((request) => request.params),
    [{ command: ["id"] }],
  );
});
