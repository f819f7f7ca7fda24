import { FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { temporaryStore } from "../store/testing.ts";
import { BEDROOM, FakeCommands, FakeDevices, FakeRouter, KITCHEN, node, settled } from "../voice/testing.ts";
import { durationAdjective, durationWords, Timers } from "./index.ts";

const MINUTE = 60_000;

async function setUp(t: Parameters<typeof temporaryStore>[0]) {
  const clock = new FakeClock();
  const store = await temporaryStore(t, clock);
  const devices = new FakeDevices([node(KITCHEN, "Kitchen", "kitchen"), node(BEDROOM, "Bedroom", "bedroom")]);
  const commands = new FakeCommands();
  const options = { store, clock, random: seededRandom(2), log: silentLog, commands, router: new FakeRouter(devices) };
  const timers = new Timers(options);
  await timers.start();
  t.teardown(() => timers.stop());
  const spoken = () => commands.executed.map(({ deviceId, params }) => [deviceId, params.text]);
  const status = () => store.all("SELECT status, note FROM timers").map((row) => ({ ...row }));
  return { clock, store, devices, commands, options, timers, spoken, status };
}

t.test("a timer is spoken by the node that set it, when it is due and not before", async (t) => {
  const { clock, timers, spoken, status, commands } = await setUp(t);
  await timers.set({ turnId: "t1", deviceId: BEDROOM, room: "bedroom", durationMs: 10 * MINUTE });
  await timers.set({ turnId: "t1", deviceId: BEDROOM, room: "bedroom", durationMs: 10 * MINUTE });
  t.equal(timers.running().length, 1, "a turn sets one timer, however often it is answered");
  await clock.advance(10 * MINUTE - 1);
  await settled();
  t.same(spoken(), []);
  await clock.advance(1);
  await settled();
  t.same(spoken(), [[BEDROOM, "Your ten minute timer is done."]]);
  t.same(status(), [{ status: "done", note: `spoken by ${BEDROOM}` }]);
  t.match(commands.calls, [{ command: "talk.speak", principal: { kind: "system", id: "timers" } }]);
  await clock.advance(60 * MINUTE);
  await settled();
  t.equal(spoken().length, 1);
});

t.test("when that node is away, or cannot speak, another one tells", async (t) => {
  const { clock, timers, spoken, devices, commands } = await setUp(t);
  await timers.set({ turnId: "t1", deviceId: BEDROOM, room: "bedroom", durationMs: MINUTE });
  devices.change(BEDROOM, { online: false });
  await clock.advance(MINUTE);
  await settled();
  t.same(spoken(), [[KITCHEN, "Your one minute timer is done."]]);
  devices.change(BEDROOM, { online: true });
  commands.answer = (call) => {
    if (call.deviceId === BEDROOM) throw new TypeError("no voice");
    return {};
  };
  await timers.set({ turnId: "t2", deviceId: BEDROOM, durationMs: MINUTE });
  await clock.advance(MINUTE);
  await settled();
  t.same(spoken().at(-1), [KITCHEN, "Your one minute timer is done."]);
});

t.test("while nobody can be told it is tried again, and given up after an hour", async (t) => {
  const { clock, timers, spoken, devices, status } = await setUp(t);
  for (const id of [KITCHEN, BEDROOM]) devices.change(id, { online: false });
  await timers.set({ turnId: "t1", deviceId: KITCHEN, durationMs: MINUTE });
  await timers.set({ turnId: "t2", deviceId: KITCHEN, durationMs: 30 * MINUTE });
  for (let i = 0; i < 62 * 2; i++) {
    await clock.advance(MINUTE / 2);
    await settled(3);
  }
  t.same(
    status().map((row) => row.status),
    ["missed", "running"],
  );
  devices.change(KITCHEN, { online: true });
  await clock.advance(MINUTE);
  await settled();
  t.match(spoken(), [[KITCHEN, /^Your thirty minute timer is done\. It ended thirty two minutes.* ago\.$/]]);
});

t.test("timers survive a restart; one that fell due meanwhile is told late, a long lost one is not", async (t) => {
  const { clock, timers, spoken, status, options } = await setUp(t);
  await timers.set({ turnId: "t1", deviceId: KITCHEN, durationMs: 10 * MINUTE });
  await timers.set({ turnId: "t2", deviceId: KITCHEN, durationMs: 40 * MINUTE });
  await timers.stop();
  await clock.advance(30 * MINUTE);
  await settled();
  t.same(spoken(), [], "nothing happens while the hub is away");
  const again = new Timers(options);
  await again.start();
  await settled();
  t.same(spoken(), [[KITCHEN, "Your ten minute timer is done. It ended twenty minutes ago."]]);
  await again.stop();
  await clock.advance(75 * MINUTE);
  const third = new Timers(options);
  await third.start();
  await settled();
  await third.stop();
  t.match(status(), [{ status: "done" }, { status: "missed", note: /found one hour/ }]);
  t.equal(spoken().length, 1);
});

t.test("a hub that died while a timer rang does not ring it twice", async (t) => {
  const { clock, timers, commands, options, store, spoken } = await setUp(t);
  await timers.set({ turnId: "t1", deviceId: KITCHEN, durationMs: MINUTE });
  await clock.advance(MINUTE);
  await settled();
  store.run("UPDATE timers SET status = 'running'");
  const again = new Timers(options);
  t.teardown(() => again.stop());
  await again.start();
  await settled();
  t.equal(commands.calls.length, 2);
  t.equal(spoken().length, 1, "the same key");
});

t.test("cancelling takes what the test accepts, and the same ones for the same turn", async (t) => {
  const { clock, timers, spoken } = await setUp(t);
  const one = await timers.set({ turnId: "t1", deviceId: KITCHEN, durationMs: MINUTE });
  await timers.set({ turnId: "t2", deviceId: KITCHEN, durationMs: 2 * MINUTE });
  const cancelled = await timers.cancel("t3", (timer) => timer.durationMs === MINUTE);
  t.same(cancelled, [one]);
  t.same(await timers.cancel("t3", () => true), [one]);
  await clock.advance(2 * MINUTE);
  await settled();
  t.same(spoken(), [[KITCHEN, "Your two minute timer is done."]]);
});

t.test("a clock that is set forward is followed within a minute", async (t) => {
  const { clock, timers, spoken } = await setUp(t);
  await timers.set({ turnId: "t1", deviceId: KITCHEN, durationMs: 30 * MINUTE });
  clock.jumpTo(clock.now() + 30 * MINUTE);
  await clock.advance(MINUTE);
  await settled();
  t.equal(spoken().length, 1);
});

t.test("durations are put into words", async (t) => {
  const SECOND = 1000;
  t.same(
    [1, 60, 90, 3600, 5400, 7325, 0].map((seconds) => durationWords(seconds * SECOND)),
    [
      "one second",
      "one minute",
      "one minute and thirty seconds",
      "one hour",
      "one hour and thirty minutes",
      "two hours, two minutes and five seconds",
      "no time",
    ],
  );
  t.equal(durationAdjective(5400 * SECOND), "one hour thirty minute");
});
