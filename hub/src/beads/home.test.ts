import { Events, FakeClock } from "@barnacle/protocol/runtime";
import t from "tap";
import type { DeviceRecord, Devices, VoiceTurns } from "../services.ts";
import { HomeConditions } from "./home.ts";
import { testBeads } from "./testing.ts";

t.test("somebody is home: heard in a room lately, or by a phone; devices by their names", async (t) => {
  const clock = new FakeClock(1_000_000);
  const list: DeviceRecord[] = [
    { displayName: "Kitchen", online: true } as DeviceRecord,
    { displayName: "Anna's phone", online: false, platform: "iOS 26" } as DeviceRecord,
  ];
  const devices = { list: () => list, events: new Events() } as Pick<Devices, "list" | "events">;
  const voice = { events: new Events() } as Pick<VoiceTurns, "events">;
  const home = new HomeConditions({ devices, voice: () => voice, clock });
  await home.start();
  t.equal(home.holds("somebody-home"), false);
  t.equal(home.holds("online:kitchen"), true);
  t.equal(home.holds("offline: Kitchen"), false);
  t.equal(home.holds("online:Attic"), undefined);
  t.equal(home.holds("full-moon"), undefined);
  const { beads, add } = await testBeads(t, { conditions: home });
  const gate = await add({ issue_type: "gate", await_type: "device", await_id: "somebody-home" });
  voice.events.emit("updated", { turn: { turnId: "typed" } } as never);
  t.equal(home.holds("somebody-home"), false, "what was typed was not heard");
  const opened = new Promise((resolve) => beads.events.on("changed", resolve));
  voice.events.emit("updated", { turn: { turnId: "spoken", deviceId: "d1" } } as never);
  await opened;
  t.equal(beads.reads.get(gate).status, "closed");
  await clock.advance(16 * 60_000);
  t.equal(home.holds("somebody-home"), false);
  list[1] = { ...list[1], online: true } as DeviceRecord;
  t.equal(home.holds("somebody-home"), true);
  await home.stop();
  t.equal(devices.events.count("presence") + voice.events.count("updated"), 0);
});
