import type { Appliance } from "@barnacle/protocol/schema";
import t from "tap";
import { demoAppliances } from "../../demo/household.ts";
import { HOME_SENTENCES } from "../../intents/sentences/index.ts";
import { BEDROOM, KITCHEN, node, report, settled, voiceHub } from "../testing.ts";
import { HANDLERS } from "./responder.ts";

const operator = { kind: "operator", id: "op" } as const;
type Hub = Awaited<ReturnType<typeof voiceHub>>;

/** Asked in the kitchen; `[command, params]` of each step, and the reply. */
async function tell(hub: Hub, text: string, room = "kitchen") {
  const turn = await hub.turns.ask(text, { room, principal: operator });
  const commands = turn.commands.map(({ command, params }) => [command, params]);
  return { intent: turn.intent, ok: turn.ok, reply: turn.reply, commands, code: turn.error?.code };
}

t.test("every intent has an answer, and every answer an intent", async (t) => {
  const intents = new Set(HOME_SENTENCES.flatMap((family) => family.intents.map((source) => source.intent)));
  t.same([...intents].sort(), Object.keys(HANDLERS).sort());
});

t.test("things are switched, set, opened, locked and run", async (t) => {
  const hub = await voiceHub(t);
  const write = (line: number, value: 0 | 1) => ["gpio.write", { line, value }];
  const cases = [
    ["turn off the bedroom lights", "light.off", [write(12, 0), write(13, 0)], "The bedroom lights are off."],
    ["start the coffee maker", "switch.on", [write(4, 1)], "The coffee maker is on."],
    ["stop the vacuum cleaner", "switch.off", [write(10, 0)], "The vacuum cleaner is off."],
    [
      "set the light to 40%",
      "light.set",
      [["gpio.pwm", { line: 2, percent: 40 }]],
      "The kitchen light is at 40 percent.",
    ],
    [
      "dim the hallway lights",
      "light.set",
      [["gpio.pwm", { line: 19, percent: 30 }]],
      "The hallway lights are at 30 percent.",
    ],
    ["close the blinds in the office", "cover.close", [write(18, 0)], "The office blinds are closed."],
    ["unlock the back door", "lock.unlock", [write(6, 0)], "The back door is unlocked."],
    ["pause the music", "media.pause", [write(5, 0)], "The music is paused."],
    [
      "play some jazz music in the kitchen",
      "media.start",
      [write(5, 1)],
      "The music is playing. I cannot choose jazz.",
    ],
    ["play music", "media.start", [write(5, 1)], "The music is playing."],
    ["run the good night scene", "scene.start", [write(27, 1)], "The good night scene is running."],
    [
      "turn off all the lights in the bedroom",
      "light.off",
      [write(12, 0), write(13, 0)],
      "All lights in the bedroom are off.",
    ],
    ["turn everything off in the office", "home.off", [write(16, 0), write(17, 0)], "Everything in the office is off."],
  ] as const;
  for (const [text, intent, commands, reply] of cases) {
    t.same(await tell(hub, text), { intent, ok: true, reply, commands, code: undefined }, text);
  }
  const downstairs = await tell(hub, "turn everything off downstairs");
  t.equal(downstairs.commands.length, 11);
  t.equal(downstairs.reply, "Everything downstairs is off.");
});

t.test("what cannot be done is said, and nothing is tried", async (t) => {
  const hub = await voiceHub(t);
  const cases = [
    ["pause the kitchen light", "COMMAND_UNKNOWN", "The kitchen light cannot be paused."],
    ["make the bathroom lights blue", "COMMAND_UNKNOWN", "The bathroom lights cannot change color."],
    ["turn on the garage fan", "APPLIANCE_UNKNOWN", "There is no fan in the garage."],
    ["turn on the spaceship", "APPLIANCE_UNKNOWN", "I know nothing here called spaceship."],
    ["turn off the television in the office", "APPLIANCE_UNKNOWN", "There is no television in the office."],
    ["turn off all the lights in the garden", "APPLIANCE_UNKNOWN", "There is no light in the garden."],
    ["volume up", "COMMAND_UNKNOWN", "I cannot change the volume here."],
    [
      "turn the heating up by two degrees",
      "COMMAND_UNKNOWN",
      "The heating has no thermostat that I can set; I can turn it on or off.",
    ],
    [
      "set the temperature to 20 degrees",
      "COMMAND_UNKNOWN",
      "The heating has no thermostat that I can set; I can turn it on or off.",
    ],
    ["what is the temperature outside", "APPLIANCE_UNKNOWN", "I have no thermometer outside."],
    ["how warm is it", "APPLIANCE_UNKNOWN", "I have no thermometer in the kitchen."],
    ["set a timer", "INPUT_INVALID", "For how long? Say, for example: set a timer for ten minutes."],
    ["announce that dinner is ready in the garage", "NOT_FOUND", "There is no node in the garage that can speak now."],
    ["say hello in the office", "NOT_FOUND", "There is no node in the office that can speak now."],
  ] as const;
  for (const [text, code, reply] of cases) {
    t.match(await tell(hub, text), { ok: false, reply, code, commands: [] }, text);
  }
  t.match(await tell(hub, "turn on the fan", "garage"), { ok: false, reply: "Which fan: bedroom, kitchen or office?" });
  t.equal(hub.commands.calls.length, 0);
});

t.test("asked how a thing is, its node is asked", async (t) => {
  const hub = await voiceHub(t);
  const levels: Record<number, unknown> = { 6: 1, 24: 0, 12: 1, 13: 0, 19: "high" };
  hub.commands.answer = (call) => ({ value: levels[Number(call.params.line)] });
  t.equal((await tell(hub, "is the back door locked")).reply, "Yes, the back door is locked.");
  t.equal((await tell(hub, "is the back door unlocked")).reply, "No, the back door is locked.");
  t.equal((await tell(hub, "is the garage door open")).reply, "No, the garage door is closed.");
  t.equal((await tell(hub, "are the bedroom lights on")).reply, "Some are on and some are off.");
  t.equal((await tell(hub, "is the hallway light on")).reply, "I cannot tell whether the hallway light is on.");
});

t.test("with the things for it, volume, degrees and thermometers work", async (t) => {
  const bind = (command: string, levelParam?: string) => ({
    command,
    ...(levelParam === undefined ? {} : { levelParam }),
  });
  const things: Appliance[] = [
    { id: "radio", name: "radio", kind: "media", actions: { up: bind("ir.up"), set: bind("ir.set", "level") } },
    { id: "heat", name: "heating", kind: "heating", actions: { up: bind("heat.up", "degrees"), on: bind("heat.on") } },
    { id: "out", name: "temperature", kind: "sensor", room: "outside", actions: { read: bind("temp.read") } },
  ];
  const hub = await voiceHub(t, { nodes: [node(KITCHEN, "Kitchen", "kitchen", things)] });
  t.match(await tell(hub, "volume up"), { reply: "The volume is up.", commands: [["ir.up", {}]] });
  t.match(await tell(hub, "set the volume to 20 percent", "office"), { commands: [["ir.set", { level: 20 }]] });
  t.match(await tell(hub, "volume down"), { ok: false });
  t.match(await tell(hub, "turn the heating up by two degrees"), {
    reply: "The heating is up by 2 degrees.",
    commands: [["heat.up", { degrees: 2 }]],
  });
  t.match(await tell(hub, "turn up the heating"), { reply: "The heating is up by 1 degree." });
  hub.commands.answer = () => ({ celsius: -3.44 });
  t.match(await tell(hub, "what is the temperature outside"), { reply: "It is -3.4 degrees.", ok: true });
  hub.commands.answer = () => ({});
  t.match(await tell(hub, "how cold is it outside"), { reply: "The sensor gave no number." });
});

t.test("an appliance of the configuration is only switched when it is clear which node carries it", async (t) => {
  const hub = await voiceHub(t, { nodes: [node(KITCHEN, "Kitchen", "kitchen"), node(BEDROOM, "Bedroom", "bedroom")] });
  const pump: Appliance = {
    id: "pump",
    name: "pump",
    kind: "switch",
    actions: { on: { command: "gpio.write", params: { line: 1 } } },
  };
  const all = [
    { ...pump, room: "bedroom" },
    { ...pump, name: "heater" },
    { ...pump, name: "siren", room: "office" },
  ];
  hub.household.appliances = () => all;
  const language = {
    ...hub.household.language(),
    match: (name: string) => ({ intent: "appliance.act", slots: { action: "on", name } }),
  };
  hub.household.language = () => language;
  await tell(hub, "pump");
  t.match(hub.commands.calls, [{ deviceId: BEDROOM }]);
  t.match(await tell(hub, "heater"), { ok: false, code: "DEVICE_OFFLINE" });
  t.match(await tell(hub, "siren"), { ok: false, code: "DEVICE_OFFLINE" });
  t.equal(hub.commands.calls.length, 1);
});

t.test("timers are set, asked for and cancelled", async (t) => {
  const hub = await voiceHub(t);
  t.equal((await tell(hub, "cancel the timer")).reply, "There is no timer running.");
  t.equal((await tell(hub, "set a timer for ten minutes")).reply, "Your ten minute timer has started.");
  await hub.clock.advance(90_000);
  t.equal(
    (await tell(hub, "how much time is left")).reply,
    "Eight minutes and thirty seconds left on the ten minute timer.",
  );
  await tell(hub, "set a timer for an hour and a half", "bedroom");
  t.equal((await tell(hub, "cancel the timer", "office")).reply, "Which timer: ten minute or one hour thirty minute?");
  t.equal((await tell(hub, "cancel the timer", "bedroom")).reply, "The one hour thirty minute timer is cancelled.");
  t.equal((await tell(hub, "cancel the five minute timer")).reply, "There is no five minute timer running.");
  await tell(hub, "set a ten minute timer");
  t.equal((await tell(hub, "cancel the ten minute timer")).reply, "The ten minute timer is cancelled.");
  t.equal(hub.timers.running()[0]?.durationMs, 600_000, "of two equal ones the soonest was cancelled");
  await tell(hub, "set a two hour timer");
  t.equal((await tell(hub, "cancel all timers")).reply, "2 timers are cancelled.");
  t.equal((await tell(hub, "cancel the alarm")).reply, "There is no alarm set.");
});

t.test("a spoken timer rings where it was set", async (t) => {
  const hub = await voiceHub(t);
  await hub.turns.receive(BEDROOM, report("t1", "set a timer for ten minutes"));
  await settled();
  await hub.clock.advance(600_000);
  await settled();
  t.match(hub.commands.executed, [{ deviceId: BEDROOM, params: { text: "Your ten minute timer is done." } }]);
});

t.test("lists are written and read out", async (t) => {
  const hub = await voiceHub(t);
  t.equal((await tell(hub, "what is on the shopping list")).reply, "The shopping list is empty.");
  t.equal((await tell(hub, "what are my tasks")).reply, "There are no tasks.");
  t.equal((await tell(hub, "add oat milk to the shopping list")).reply, "I added oat milk to the shopping list.");
  t.equal((await tell(hub, "add a task: fix the gate")).reply, "I added the task: fix the gate.");
  const reminded = await tell(hub, "remind me to take out the trash tomorrow morning");
  t.equal(reminded.reply, "I noted under reminders: take out the trash, tomorrow morning.");
  t.equal((await tell(hub, "what is on the shopping list")).reply, "On the shopping list: oat milk.");
  t.equal(
    (await tell(hub, "what are my tasks")).reply,
    "Your tasks: fix the gate; take out the trash, tomorrow morning.",
  );
  for (const n of ["one", "two", "three", "four"]) await tell(hub, `add a task: number ${n}`);
  t.match((await tell(hub, "what are my tasks")).reply, /, and 1 more\.$/);
});

t.test("the day, the house and what is not connected", async (t) => {
  const hub = await voiceHub(t);
  t.equal((await tell(hub, "what time is it")).reply, "It is 3:05 PM.");
  t.equal((await tell(hub, "what is the date")).reply, "It is Monday, May 4, 2026.");
  t.equal((await tell(hub, "what is on my calendar today")).reply, "No calendar is connected, so I cannot tell.");
  t.match((await tell(hub, "read my new messages")).reply, /^No message service is connected/);
  t.match((await tell(hub, "send a message to the kids room")).reply, /^No message service is connected/);
  t.match((await tell(hub, "help")).reply, /turn on the kitchen light, lock the kitchen back door or never mind\.$/);
  t.equal((await tell(hub, "never mind")).reply, "All right.");
  t.equal((await tell(hub, "how are you")).reply, "All is well. All 2 nodes are connected.");
  await tell(hub, "set a ten minute timer");
  hub.devices.change(BEDROOM, { online: false });
  t.equal((await tell(hub, "system status")).reply, "1 of 2 nodes is not connected: Bedroom. 1 timer is running.");
  hub.devices.change(KITCHEN, { online: false });
  t.match((await tell(hub, "system status")).reply, /^None of the nodes is connected\./);
  hub.devices.records.delete(BEDROOM);
  t.match((await tell(hub, "system status")).reply, /^The node Kitchen is not connected\./);
  hub.devices.change(KITCHEN, { online: true });
  t.match((await tell(hub, "system status")).reply, /^All is well\. The one node is connected\./);
  hub.devices.records.clear();
  t.match((await tell(hub, "system status")).reply, /^I am well, but no node is paired yet\./);
});

t.test("an announcement is spoken everywhere, without waiting for its end", async (t) => {
  const hub = await voiceHub(t);
  hub.commands.answer = () => new Promise(() => {});
  await hub.turns.receive(KITCHEN, report("t1", "announce that dinner is ready"));
  await settled();
  await hub.clock.advance(600);
  await settled();
  t.match(hub.commands.calls, [{ deviceId: BEDROOM, command: "talk.speak", params: { text: "dinner is ready" } }]);
  t.match(
    hub.replies,
    [{ deviceId: KITCHEN, text: "dinner is ready", ok: true }],
    "here the reply is the announcement",
  );
  hub.commands.answer = () => ({});
  t.match(await tell(hub, "broadcast we are leaving"), {
    reply: "Announced.",
    commands: [
      ["talk.speak", {}],
      ["talk.speak", {}],
    ],
  });
  t.match(await tell(hub, "announce good morning in the bedroom"), {
    commands: [["talk.speak", { text: "good morning" }]],
  });
  hub.commands.refuse("POLICY_DENIED");
  t.match(await tell(hub, "broadcast we are leaving"), { ok: false, code: "POLICY_DENIED" });
});

t.test("say speaks here when said aloud, else in the room that was meant", async (t) => {
  const hub = await voiceHub(t);
  await hub.turns.receive(KITCHEN, report("t1", "say it is time for bed"));
  await settled();
  t.match(hub.replies, [{ text: "it is time for bed" }]);
  t.same(hub.commands.calls, []);
  t.match(await tell(hub, "say Hello, World in the bedroom"), { commands: [["talk.speak", { text: "Hello, World" }]] });
  t.equal(hub.commands.calls[0]?.deviceId, BEDROOM);
});

t.test("every sentence of the demo house leads somewhere on its one node", async (t) => {
  const hub = await voiceHub(t, { nodes: [node(KITCHEN, "Kitchen", "kitchen", demoAppliances)] });
  for (const { room, name, kind } of demoAppliances) {
    const verb = { lock: "lock", cover: "open", scene: "run", media: "start" }[kind as string] ?? "turn on";
    const text = kind === "scene" ? `run the ${name} scene` : `${verb} the ${room} ${name}`;
    t.match(await tell(hub, text), { ok: true, commands: [["gpio.write", { value: 1 }]] }, text);
  }
});

t.test("whoever is heard may stop everything, by saying so; lifting it is not for voices", async (t) => {
  const hub = await voiceHub(t);
  hub.turns.receive(KITCHEN, report("t1", "emergency stop"));
  await settled();
  t.match(hub.replies, [{ text: "Emergency stop. Everything stands still." }]);
  t.match(hub.estop.state(), { stopped: true, by: "somebody in the kitchen", reason: "emergency stop" });
  t.match(await tell(hub, "stop everything now"), {
    intent: "estop",
    ok: true,
    reply: "Everything stands still already.",
  });
  t.match(await tell(hub, "thaw"), { ok: false, code: "NOT_UNDERSTOOD" });
  t.equal(hub.estop.state().stopped, true);
});
