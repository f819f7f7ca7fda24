import t from "tap";
import { testRegistry } from "../devices/testing.ts";
import { StoredOwner } from "./owner.ts";

async function owner(t: Parameters<typeof testRegistry>[0]) {
  const { store, clock } = await testRegistry(t);
  const unit = new StoredOwner({ store, clock });
  await unit.start();
  return { unit, clock, again: () => new StoredOwner({ store, clock }) };
}

t.test("the owner has a name when one was given", async (t) => {
  const { unit, clock } = await owner(t);
  const born = clock.now();
  t.same(unit.profile(), { displayName: null, createdAt: born, updatedAt: born });
  await clock.advance(10);
  t.same(await unit.setDisplayName("  Anna "), { displayName: "Anna", createdAt: born, updatedAt: born + 10 });
  await unit.start();
  t.equal(unit.profile().displayName, "Anna", "a second start keeps it");
  t.equal((await unit.setDisplayName(" ")).displayName, null);
});

t.test("preferences are kept by name, null takes one away, and listeners hear which", async (t) => {
  const { unit, again } = await owner(t);
  const heard: unknown[] = [];
  unit.events.on("prefsChanged", ({ keys }) => heard.push(keys));
  await unit.setPrefs({ "ui.theme": "claw", "ui.nav": { collapsed: true } });
  await unit.setPrefs({ "ui.theme": null, "ui.mode": "dark" });
  t.same(again().prefs(), { "ui.mode": "dark", "ui.nav": { collapsed: true } });
  t.same(unit.prefs(["ui.mode", "nothing"]), { "ui.mode": "dark" });
  t.same(heard, [
    ["ui.theme", "ui.nav"],
    ["ui.theme", "ui.mode"],
  ]);
});

t.test("neither one value nor all of them may grow without end, and a refused change changes nothing", async (t) => {
  const { unit } = await owner(t);
  await t.rejects(unit.setPrefs({ big: "x".repeat(5000) }), { code: "INPUT_INVALID", message: /big is larger/ });
  await t.rejects(unit.setPrefs({ ["k".repeat(201)]: 1 }), { code: "INPUT_INVALID" });
  const batch = (n: number) => Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${n}-${i}`, i]));
  for (let i = 0; i < 4; i++) await unit.setPrefs(batch(i));
  await t.rejects(unit.setPrefs({ one: 1 }), {
    code: "INPUT_INVALID",
    details: { code: "USER_PREFS_LIMIT_EXCEEDED", limit: 128 },
  });
  await t.rejects(unit.setPrefs({ ...batch(0), one: 1 }), { message: /at most 32/ });
  t.equal(Object.keys(unit.prefs()).length, 128);
});
