import { BarnacleError } from "@barnacle/protocol/errors";
import { FakeClock, seededRandom } from "@barnacle/protocol/runtime";
import t from "tap";
import { manifestOf } from "../devices/testing.ts";
import { StoredInbox } from "../inbox/index.ts";
import type { DeviceRecord } from "../services.ts";
import { temporaryStore } from "../store/testing.ts";
import { BEDROOM, FakeCommands, FakeDevices, FakeRouter, KITCHEN, node } from "../voice/testing.ts";
import { HouseChannels, RoomsChannel } from "./index.ts";

const MINUTE = 60_000;
const principal = { kind: "operator", id: "op", name: "Anna" } as const;

function speaker(...about: [string, string, string]): DeviceRecord {
  const record = node(...about);
  return { ...record, manifest: { ...manifestOf(), ...record.manifest, commands: manifestOf().commands } };
}

async function setUp(t: Parameters<typeof temporaryStore>[0]) {
  const clock = new FakeClock();
  const store = await temporaryStore(t, clock);
  const devices = new FakeDevices([speaker(KITCHEN, "Kitchen", "kitchen"), speaker(BEDROOM, "Bedroom", "bedroom")]);
  const commands = new FakeCommands();
  const inbox = new StoredInbox({ store, clock, random: seededRandom(5) });
  const rooms = new RoomsChannel({
    ...{ devices, commands, router: new FakeRouter(devices), now: () => clock.now() },
    household: { rooms: () => ["bedroom", "cellar", "kitchen"] },
  });
  const options = { store, clock, inbox, channels: [rooms] };
  const channels = new HouseChannels(options);
  const spoken = () => commands.executed.map(({ deviceId, params }) => [deviceId, params.text]);
  const send = (idempotencyKey: string, to?: string, text = "dinner") =>
    channels.send({ ...(to === undefined ? {} : { to }), text, idempotencyKey, principal });
  return { clock, devices, commands, inbox, rooms, channels, spoken, send, again: () => new HouseChannels(options) };
}

t.test("a message to a room is spoken there once per key, and is in the inbox", async (t) => {
  const { spoken, send, inbox, again, clock } = await setUp(t);
  const [first, second] = await Promise.all([send("k1", "Kitchen"), send("k1", "Kitchen")]);
  t.same(first, second);
  t.match(first, { channel: "rooms", to: "kitchen" });
  t.same(
    await again().send({ to: "Kitchen", text: "dinner", idempotencyKey: "k1", principal }),
    first,
    "a restart too",
  );
  t.same(spoken(), [[KITCHEN, "dinner"]]);
  const { messages } = await inbox.list({ channel: "rooms" });
  t.match(messages, [
    { id: first.messageId, account: "kitchen", room: "kitchen", direction: "out", sender: "Anna", text: "dinner" },
  ]);
  await t.rejects(send("k1", "bedroom"), { code: "CONFLICT", message: /used for another message/ });
  await clock.advance(5 * MINUTE + 1);
  await send("k1", "bedroom");
  t.equal(spoken().length, 2, "after five minutes the key is new");
});

t.test(
  "without a recipient everybody hears; one loudspeaker that fails does not keep the others from it",
  async (t) => {
    const { spoken, send, commands, inbox } = await setUp(t);
    t.match(await send("k1"), { to: "all" });
    t.equal(spoken().length, 2);
    commands.answer = (call) => {
      if (call.deviceId === BEDROOM) throw new BarnacleError("DEVICE_OFFLINE", "gone to bed");
      return {};
    };
    await send("k2", "*");
    const { messages } = await inbox.list({ channel: "rooms" });
    const told = messages
      .map(({ metadata }) => JSON.stringify(metadata))
      .filter((text) => text.includes("gone to bed"));
    t.equal(told.length, 1);
  },
);

t.test("a failure is remembered for its key, shown at its room, and named", async (t) => {
  const { send, rooms, devices, channels } = await setUp(t);
  devices.change(BEDROOM, { online: false });
  await t.rejects(send("k1", "bedroom"), { code: "ROUTE_NONE" });
  devices.change(BEDROOM, { online: true });
  await t.rejects(send("k1", "bedroom"), { code: "ROUTE_NONE" }, "the first outcome");
  t.match(
    rooms.accounts().map(({ accountId, running, lastError }) => ({ accountId, running, lastError })),
    [
      { accountId: "bedroom", running: true, lastError: /bedroom/ },
      { accountId: "cellar", running: false },
      { accountId: "kitchen", running: true },
    ],
  );
  await send("k2", "room:bedroom");
  t.match(rooms.accounts()[0], { lastOutboundAt: Number, lastError: undefined });
  await t.rejects(send("k3", "attic"), {
    code: "INPUT_INVALID",
    message: /"attic"; there are bedroom, cellar, kitchen, all/,
  });
  await t.rejects(send("k4", "kitchen", " "), { code: "INPUT_INVALID" });
  await t.rejects(send("k5", "kitchen", "x".repeat(2001)), { code: "INPUT_INVALID", message: /at most 2000/ });
  t.throws(() => channels.get("signal"), { code: "INPUT_INVALID", message: "unsupported channel: signal" });
});

t.test("a repeat after a hub that died while sending goes out under the same key", async (t) => {
  const { send, spoken, commands, again } = await setUp(t);
  let die = true;
  const { invoke } = commands;
  commands.invoke = async (call) => {
    const done = await invoke.call(commands, call);
    if (die) await new Promise(() => {});
    return done;
  };
  void send("k1", "kitchen");
  await new Promise((resolve) => setTimeout(resolve, 20));
  die = false;
  t.match(await again().send({ to: "kitchen", text: "dinner", idempotencyKey: "k1", principal }), { to: "kitchen" });
  t.equal(spoken().length, 1, "the node had done it");
});

t.test("a key that is under way with another message is refused, not answered for it", async (t) => {
  const { send, spoken } = await setUp(t);
  const both = await Promise.allSettled([send("k1", "Kitchen"), send("k1", "Kitchen", "supper")]);
  t.match(both, [{ status: "fulfilled" }, { status: "rejected", reason: { code: "CONFLICT" } }]);
  t.same(spoken(), [[KITCHEN, "dinner"]]);
});
