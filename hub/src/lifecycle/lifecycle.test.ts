import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { HubLifecycle } from "./lifecycle.ts";

t.test("a restart comes once, after its delay, however often it is asked for", async (t) => {
  const clock = new FakeClock();
  const restarts: string[] = [];
  const unit = new HubLifecycle({ clock, log: silentLog, restart: (reason) => restarts.push(reason) });
  t.notOk(unit.restarting);
  t.same(unit.requestRestart({ reason: "config" }), { ok: true, delayMs: 2000, reason: "config", coalesced: false });
  await clock.advance(500);
  t.same(unit.requestRestart({ reason: "again" }), { ok: true, delayMs: 1500, reason: "config", coalesced: true });
  t.ok(unit.restarting);
  t.same(restarts, []);
  await clock.advance(1500);
  t.same(restarts, ["config"]);
});

t.test("a stop takes the plan back, and delays have a limit", async (t) => {
  const clock = new FakeClock();
  const unit = new HubLifecycle({ clock, log: silentLog, restart: () => t.fail("no restart after a stop") });
  t.equal(unit.requestRestart({ reason: "x", delayMs: 10 ** 9 }).delayMs, 60_000);
  await unit.stop();
  await clock.advance(100_000);
});

t.test("a hub that nobody starts again says so", async (t) => {
  const unit = new HubLifecycle({ clock: new FakeClock(), log: silentLog });
  t.notOk(unit.canRestart);
  t.match(unit.requestRestart({ reason: "x" }), { ok: false });
  t.notOk(unit.restarting);
});
