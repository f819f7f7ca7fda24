import { FakeClock } from "@barnacle/protocol/runtime";
import type { Appliance } from "@barnacle/protocol/schema";
import t from "tap";
import { demoAppliances, demoHousehold } from "../demo/household.ts";
import type { HomeAppliance } from "../services.ts";
import { BEDROOM, FakeDevices, KITCHEN, node } from "../voice/testing.ts";
import { HouseholdModel, oneOf, resolveAppliance } from "./index.ts";

const lamp: Appliance = { id: "lamp", name: "Lamp", kind: "light", actions: { on: { command: "gpio.write" } } };
const empty = { ...demoHousehold, rooms: [], areas: {} };

t.test("rooms and appliances come from the configuration and from every node", async (t) => {
  const devices = new FakeDevices([node(KITCHEN, "k", "Kitchen", [lamp]), node(BEDROOM, "b", "bedroom")]);
  const config = {
    ...empty,
    rooms: ["kitchen", "attic"],
    areas: { upstairs: ["attic", "study"] },
    appliances: [{ ...lamp, room: "hall" }],
  };
  const house = new HouseholdModel({ config, devices, clock: new FakeClock() });
  await house.start();
  t.teardown(() => house.stop());
  t.same(house.rooms(), ["kitchen", "attic", "study", "bedroom", "hall"], "a room is named once, whatever its case");
  t.match(house.appliances(), [
    { id: "lamp", room: "hall" },
    { id: "lamp", room: "Kitchen", deviceId: KITCHEN },
  ]);
  t.equal(house.room("KITCHEN"), "kitchen");
  t.equal(house.room("cellar"), undefined);
  t.same(house.area("Upstairs"), ["attic", "study"]);
  t.equal(house.area("outside"), undefined);
  t.match(house.language().match("turn on the kitchen lamp"), { intent: "appliance.act" });
});

t.test("the registry's room wins over the node's own, and blocked nodes have no appliances", async (t) => {
  const devices = new FakeDevices([{ ...node(KITCHEN, "k", "kitchen", [lamp]), room: "pantry" }]);
  const house = new HouseholdModel({ config: empty, devices, clock: new FakeClock() });
  await house.start();
  t.teardown(() => house.stop());
  t.match(house.appliances(), [{ room: "pantry" }]);
  devices.change(KITCHEN, { blocked: true });
  t.same(house.appliances(), []);
  t.same(house.rooms(), []);
});

t.test("a changed grammar is announced once, an unchanged one never", async (t) => {
  const devices = new FakeDevices([node(KITCHEN, "k", "kitchen", [lamp])]);
  const house = new HouseholdModel({
    config: { ...empty, pronunciations: { zigbee: "Z IH G B IY" } },
    devices,
    clock: new FakeClock(),
  });
  await house.start();
  const hashes: string[] = [];
  house.events.on("changed", ({ grammarHash }) => hashes.push(grammarHash));
  const before = house.grammar();
  t.same(before.pronunciations, { zigbee: "Z IH G B IY" });
  devices.change(KITCHEN, { displayName: "renamed", online: false });
  t.same(hashes, []);
  devices.change(KITCHEN, { room: "pantry" });
  t.same(hashes, [house.grammar().hash]);
  t.not(house.grammar().hash, before.hash);
  t.match(house.grammar().jsgf, /<room> = pantry;/);
  devices.records.delete(KITCHEN);
  devices.events.emit("removed", { deviceId: KITCHEN });
  t.equal(hashes.length, 2);
  await house.stop();
  t.equal(devices.events.count("changed") + devices.events.count("removed"), 0);
});

t.test("a name means the one in the room named, else the one here, else the only one, else a question", async (t) => {
  const all: HomeAppliance[] = demoAppliances.map((one) => ({ ...one, deviceId: KITCHEN }));
  const ids = (wanted: Parameters<typeof resolveAppliance>[1]) => {
    const found = resolveAppliance(all, wanted);
    return found.kind === "found" ? [found.phrase, found.appliances.map((one) => one.id)] : found;
  };
  t.same(ids({ name: "light", room: "Kitchen" }), ["the kitchen light", ["kitchen-light"]]);
  t.same(ids({ name: "fan", room: "bedroom", speakerRoom: "kitchen" }), ["the bedroom fan", ["bedroom-fan"]]);
  t.same(ids({ name: "fan", speakerRoom: "office" }), ["the office fan", ["office-fan"]]);
  t.same(ids({ name: "front door", speakerRoom: "bedroom" }), ["the front door", ["hallway-front-door"]]);
  t.same(ids({ name: "garage door", room: "garage" }), ["the garage door", ["garage-garage-door"]]);
  t.same(ids({ name: "lights", room: "bedroom" }), ["the bedroom lights", ["bedroom-light", "bedroom-lamp"]]);
  t.same(ids({ name: "lamps", room: "bedroom" }), ["the bedroom lamps", ["bedroom-lamp"]]);
  t.same(ids({ name: "fan", speakerRoom: "garage" }), {
    kind: "unclear",
    question: "Which fan: bedroom, kitchen or office?",
  });
  t.same(ids({ name: "fan", room: "garage" }), { kind: "missing", reply: "There is no fan in the garage." });
  t.same(ids({ name: "sauna" }), { kind: "missing", reply: "There is no sauna here." });
});

t.test("aliases are names, and a thing without a room is in none", async (t) => {
  const all: HomeAppliance[] = [
    { ...lamp, id: "a", aliases: ["Reading Light"] },
    { ...lamp, id: "b", room: "den" },
  ];
  t.match(resolveAppliance(all, { name: "reading light" }), { kind: "found", appliances: [{ id: "a" }], many: false });
  t.match(resolveAppliance(all, { name: "reading lights" }), { kind: "found", many: true });
  t.match(resolveAppliance(all, { name: "lamp" }), {
    kind: "unclear",
    question: "Which lamp: the one without a room or den?",
  });
  t.equal(oneOf(["a"]), "a");
});
