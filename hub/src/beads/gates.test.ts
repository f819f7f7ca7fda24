import { Events, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { Beads } from "./index.ts";
import { testBeads } from "./testing.ts";

t.test("gates: a timer opens when its time has come, a bead's gate with that bead, the others by hand", async (t) => {
  const { beads, add, clock, ready, store, random } = await testBeads(t);
  const timer = await add({ issue_type: "gate", await_type: "timer", timeout: 3_600_000 * 1_000_000 });
  const first = await add({ title: "first" });
  const onBead = await add({ issue_type: "gate", await_type: "bead", await_id: `garden:${first}` });
  const human = await add({ issue_type: "gate", await_type: "human" });
  const [afterTimer, afterBead, afterHuman] = [
    await add({ dependencies: [{ on: timer }] }),
    await add({ dependencies: [{ on: onBead }] }),
    await add({ dependencies: [{ on: human }] }),
  ];
  t.same(ready(), [first]);
  await t.rejects(
    beads.write("ben", (writer) => writer.closing.close(timer)),
    { message: /has not come: timer/ },
  );
  await t.rejects(
    beads.write("ben", (writer) => writer.closing.close(onBead)),
    { message: /has not come: bead/ },
  );
  await beads.write("ben", (writer) => writer.closing.close(first));
  t.match(beads.reads.get(onBead), { status: "closed", close_reason: `${first} is closed` });
  t.same(ready(), [afterBead]);
  const opened = new Promise((resolve) => beads.events.on("changed", resolve));
  await clock.advance(3_600_000);
  await opened;
  t.match(beads.reads.get(timer), { status: "closed" });
  t.same(ready().sort(), [afterBead, afterTimer].sort());
  await beads.write("ben", (writer) => writer.closing.close(human));
  t.ok(ready().includes(afterHuman));

  const late = await add({ issue_type: "gate", await_type: "timer", timeout: 60_000 * 1_000_000 });
  await beads.stop();
  await clock.advance(120_000);
  t.match(beads.reads.get(late), { status: "open" }, "nobody runs");
  const again = new Beads({ store, clock, random, log: silentLog, events: new Events() });
  await again.start();
  t.match(again.reads.get(late), { status: "closed" }, "made up for at the start");
  await again.stop();
});

t.test("a gate on the home opens when its condition comes to hold, without being asked", async (t) => {
  let home = false;
  const events = new Events<{ changed: object }>();
  const conditions = { events, holds: (name: string) => (name === "somebody-home" ? home : undefined) };
  const { beads, add } = await testBeads(t, { conditions });
  const gate = await add({ issue_type: "gate", await_type: "device", await_id: "somebody-home" });
  const strange = await add({ issue_type: "gate", await_type: "device", await_id: "full-moon" });
  events.emit("changed", {});
  await beads.write("ben", () => undefined);
  t.match(beads.reads.get(gate), { status: "open" });
  home = true;
  const opened = new Promise((resolve) => beads.events.on("changed", resolve));
  events.emit("changed", {});
  await opened;
  t.match(beads.reads.get(gate), { status: "closed", close_reason: "Condition met: device somebody-home" });
  t.match(beads.reads.get(strange), { status: "open" });
  await beads.stop();
  t.equal(events.count("changed"), 0);
});

t.test("the last step closes its molecule, an epic is closed by hand, a template never", async (t) => {
  const { beads, add } = await testBeads(t);
  const close = (id: string, force = false) => beads.write("ben", (writer) => writer.closing.close(id, { force }));
  const molecule = await add({ issue_type: "molecule" });
  const [one, two] = [await add({ parent: molecule }), await add({ parent: molecule })];
  await close(one);
  t.equal(beads.reads.get(molecule).status, "open");
  await close(two);
  t.match(beads.reads.get(molecule), { status: "closed", close_reason: "All steps closed" });
  const epic = await add({ issue_type: "epic" });
  await close(await add({ parent: epic }));
  t.equal(beads.reads.get(epic).status, "open");
  await close(epic);
  const template = await add({ is_template: true });
  await t.rejects(close(template, true), { message: /template/ });
  const pinned = await add({ pinned: true });
  await t.rejects(close(pinned), { message: /pinned/ });
  await close(pinned, true);
});
