import fc from "fast-check";
import t from "tap";
import { CONVOY_STATES, TRANSITIONS } from "./states.ts";
import { testConvoys } from "./testing.ts";

t.test("R2.1 every transition that is legal happens, every other is refused naming from and to", async (t) => {
  const { convoys, beads } = await testConvoys(t);
  for (const from of CONVOY_STATES) {
    for (const to of CONVOY_STATES) {
      const { id } = await beads.write("anna", (writer) =>
        convoys.writer(writer).create({ title: `${from} to ${to}`, status: from }),
      );
      const change = () => convoys.write("anna", (writer) => writer.transition(id, to));
      if (from === to) t.equal(await change(), false, `${from} is ${to} already`);
      else if (TRANSITIONS[from].includes(to)) {
        t.equal(await change(), true);
        t.equal(convoys.get(id).status, to);
      } else {
        await t.rejects(change(), { code: "CONVOY_REFUSED", details: { from, to }, message: `from ${from} to ${to}` });
        t.equal(convoys.get(id).status, from, "nothing changed");
      }
    }
  }
  t.same(
    Object.values(TRANSITIONS).map((to) => to.length),
    [3, 3, 1, 1],
  );
});

t.test("R2.3 beads closed in any order give the right percent and land the convoy once, with one mail", async (t) => {
  const { convoys, add, close, told, mail, write } = await testConvoys(t);
  let round = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
      fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
      async (order, deleted) => {
        round++;
        const ids: string[] = [];
        for (let i = 0; i < 5; i++) ids.push(await add());
        const { id } = await convoys.create("anna", { title: `round ${round}`, beads: ids, watchers: ["ben"] });
        const gone = new Set(deleted.map((at) => ids[at] as string));
        for (const one of gone) await write((writer) => writer.delete(one));
        await convoys.settled();
        const left = order.map((at) => ids[at] as string).filter((one) => !gone.has(one));
        for (const [done, one] of left.entries()) {
          const view = convoys.get(id);
          t.equal(view.percent, Math.floor((100 * done) / left.length));
          t.equal(view.status, "open");
          await close(one);
        }
        const { status, percent, landings, state } = convoys.get(id);
        t.same([status, percent, landings, state], ["closed", 100, 1, "landed"]);
        t.equal(told.filter((change) => change.id === id && change.kind === "landed").length, 1);
        const title = `Convoy landed: round ${round}`;
        t.same(
          mail()
            .filter((line) => line.endsWith(title))
            .sort(),
          [`anna: ${title}`, `ben: ${title}`],
        );
      },
    ),
    { numRuns: 12 },
  );
});

t.test("what has nothing, and what cannot be found, is never complete", async (t) => {
  const { convoys, add, close, write, clock } = await testConvoys(t);
  const empty = await convoys.create("anna", { title: "Later" });
  t.match(empty, { total: 0, percent: 0, state: "empty", status: "open" });
  const [bead, lost] = [await add(), await add()];
  const { id } = await convoys.create("anna", { title: "Lost", beads: [bead, lost] });
  await write((writer) => writer.purge(lost));
  await close(bead);
  t.match(convoys.get(id), {
    status: "open",
    total: 2,
    completed: 1,
    unresolved: [lost],
    tracked: [{}, { status: "unknown" }],
  });
  const dropped = await add();
  const all = await convoys.create("anna", { title: "All deleted", beads: [dropped] });
  await write((writer) => writer.delete(dropped));
  await convoys.settled();
  t.match(convoys.get(all.id), { status: "open", total: 0 }, "deleted work is not done work");
  t.same(await convoys.check("anna"), [
    { id: empty.id, title: "Later", landed: false },
    { id, title: "Lost", landed: false },
    { id: all.id, title: "All deleted", landed: false },
  ]);
  t.same(convoys.stranded(), [], "new ones are left alone for a while");
  await clock.advance(5 * 60_000);
  t.same(
    convoys.stranded().map((one) => one.id),
    [empty.id, all.id],
  );
  await convoys.write("anna", (writer) => writer.remove(id, [lost]));
  await convoys.settled();
  t.match(convoys.get(id), { status: "closed", state: "landed" });
});

t.test("adding to a closed convoy opens it again, and the next landing is told once more", async (t) => {
  const { convoys, add, close, mail } = await testConvoys(t);
  const [first, second, done] = [await add(), await add(), await add()];
  await close(done);
  const { id } = await convoys.create("anna", { title: "Fence", beads: [first], nudgeWatchers: ["mayor"] });
  await close(first);
  t.equal(convoys.get(id).landings, 1);
  t.match(await convoys.add("ben", id, [done]), { status: "closed", total: 2 }, "what is done opens nothing");
  t.match(await convoys.add("ben", id, [second]), { status: "open", completed: 2, total: 3, percent: 66 });
  await convoys.settled();
  await close(second);
  t.match(convoys.get(id), { status: "closed", landings: 2 });
  t.same(mail(), ["anna: Convoy landed: Fence", "anna: Convoy landed: Fence"]);
  t.match(await convoys.write("anna", (writer) => writer.reopen(id, "paint is missing")), id);
  await convoys.settled();
  t.same(
    await convoys.check("anna"),
    [{ id, title: "Fence", landed: false }],
    "opened by hand: not closed behind one's back",
  );
  await convoys.write("anna", (writer) => writer.land(id));
  t.match(convoys.get(id), { status: "closed", landings: 3 });
  t.equal(mail().length, 3);
});

t.test(
  "R2.4 rings are refused: of convoys, of convoys inside convoys, and of beads and convoys together",
  async (t) => {
    const { convoys, beads, add } = await testConvoys(t);
    const [x, y, z] = [await add(), await add(), await add()];
    const a = await convoys.create("anna", { title: "A", beads: [x] });
    const b = await convoys.create("anna", { title: "B", beads: [y], dependsOn: [a.id] });
    const depend = (id: string, on: string) => convoys.write("anna", (writer) => writer.depend(id, on));
    await t.rejects(depend(a.id, b.id), { code: "BEAD_CYCLE" });
    await t.rejects(depend(a.id, a.id), { code: "BEAD_CYCLE" });
    const inside = await convoys.create("anna", { title: "Inside B", beads: [z], parent: b.id });
    await t.rejects(depend(a.id, inside.id), { code: "BEAD_CYCLE" }, "it waits with its parent for A");
    await convoys.create("anna", { title: "C", beads: [x], dependsOn: [inside.id], parent: b.id });
    // x, in A, waits for y, which B may start only after A has landed.
    await beads.write("anna", (writer) => writer.addDependency(x, y, "blocks"));
    t.match(
      convoys.reads
        .knots()
        .map((one) => one.id)
        .slice(0, 3),
      [a.id, b.id, inside.id],
    );
    await t.rejects(convoys.add("anna", a.id, [await add()]), { code: "BEAD_CYCLE", message: /could never land/ });
    // Somebody else who may start y at once unties it.
    await convoys.create("anna", { title: "D", beads: [y] });
    t.same(convoys.reads.knots(), []);
  },
);
