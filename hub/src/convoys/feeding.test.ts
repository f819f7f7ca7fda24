import t from "tap";
import { testConvoys } from "./testing.ts";

const HOUR = 3_600_000;

t.test("R2.4 a convoy with an unfinished dependency never starts: not fed, not stranded, its beads held", async (t) => {
  const { convoys, add, close, slung, clock, hands } = await testConvoys(t);
  const [first, second, free] = [await add(), await add(), await add()];
  const a = await convoys.create("anna", { title: "A", beads: [first] });
  const b = await convoys.create("anna", { title: "B", beads: [second], dependsOn: [a.id] });
  const inside = await convoys.create("anna", { title: "Inside B", beads: [free], parent: b.id });
  t.match(convoys.get(b.id), { state: "waiting", waits_for: [a.id], status: "open" });
  t.match(convoys.get(inside.id), { state: "waiting", waits_for: [a.id] }, "what is inside waits as well");
  t.same(convoys.heldBy(second), { convoy: b.id, waitsFor: [a.id] });
  t.equal(convoys.heldBy(first), undefined);
  t.same(
    convoys.stranded().map(({ id }) => id),
    [a.id],
  );
  await convoys.feed(b.id);
  await clock.advance(HOUR);
  await convoys.settled();
  t.same(
    slung.map(({ bead }) => bead),
    [first],
    "the patrol gave out A's only",
  );
  hands.room = 1;
  await close(first);
  t.same(
    slung.map(({ bead }) => bead),
    [first, second],
    "A has landed: B begins by itself",
  );
  t.equal(convoys.heldBy(second), undefined);
  await close(second);
  t.match(convoys.get(b.id), { status: "open", children: [inside.id], completed: 1, total: 2 });
  await close(free);
  t.match(convoys.get(inside.id), { status: "closed" });
  t.match(convoys.get(b.id), { status: "closed", percent: 100 }, "inner ones first, then what they are part of");
});

t.test("when a bead closes, what it freed is handed on at once; who takes nothing is asked again later", async (t) => {
  const { convoys, add, close, slung, hands, told, clock } = await testConvoys(t);
  const first = await add({ priority: 0 });
  const [left, right] = [
    await add({ dependencies: [{ on: first }], priority: 3 }),
    await add({ dependencies: [{ on: first }], priority: 1 }),
  ];
  const decision = await add({ issue_type: "decision" });
  const { id } = await convoys.create("anna", { title: "Fence", beads: [first, left, right, decision] });
  t.same(slung, [], "who made it gives out the first himself");
  hands.refuses.add(right);
  await close(first);
  t.same(
    slung.map(({ bead, convoy }) => [bead, convoy]),
    [[left, id]],
  );
  t.match(
    told.filter(({ kind }) => kind === "fed").map(({ data }) => data),
    [
      { bead: right, problem: "no room in the garden" },
      { bead: left, agent: "ben" },
    ],
    "the more urgent one first",
  );
  t.match(convoys.get(id), { state: "active", ready: [right] });
  t.match(convoys.stranded(), [{ id, tracked_count: 4, ready_count: 1, ready_issues: [right] }]);
  hands.refuses.clear();
  await clock.advance(9 * 60_000);
  await convoys.settled();
  t.equal(slung.length, 1, "it cools down first");
  await clock.advance(2 * 60_000);
  await convoys.settled();
  t.equal(slung.at(-1)?.bead, right);
});

t.test(
  "stranded: work of dead agents, at most a few convoys a round, not blocked, deferred or scheduled work",
  async (t) => {
    const { convoys, add, slung, clock, hands, write } = await testConvoys(t);
    const ids = [];
    for (let i = 0; i < 5; i++) ids.push((await convoys.create("anna", { title: `${i}`, beads: [await add()] })).id);
    const [blocker, scheduled, later, theirs] = [
      await add({ issue_type: "bug" }),
      await add(),
      await add({ defer_until: "+2d" }),
      await add({ status: "in_progress", assignee: "garden/polecats/toast" }),
    ];
    const waits = await add({ dependencies: [{ on: blocker }] });
    const merged = await add({ dependencies: [{ on: blocker, kind: "merge-blocks" }] });
    await write((writer) =>
      writer.create({
        ...{ title: "sling", labels: ["gt:sling-context"], ephemeral: true },
        dependencies: [{ on: scheduled, kind: "tracks" }],
      }),
    );
    const beads = [scheduled, later, theirs, waits, merged];
    const quiet = await convoys.create("anna", { title: "Quiet", beads });
    t.match(convoys.get(quiet.id), { state: "active", ready: [] });
    t.equal(convoys.stranded().length, 5);
    hands.dead.add("garden/polecats/toast");
    t.match(convoys.get(quiet.id), { state: "ready", ready: [theirs] });
    hands.dead.clear();
    await clock.advance(61_000);
    await convoys.settled();
    t.equal(slung.length, 3, "so many a round");
    await clock.advance(30_000);
    await convoys.settled();
    t.equal(slung.length, 5);
    await write((writer) => writer.closing.close(blocker, { reason: "Closed" }));
    t.same(convoys.get(quiet.id).ready, [waits], "closed, but not by a merge");
    await write((writer) => writer.closing.reopen(blocker));
    await write((writer) => writer.closing.close(blocker, { reason: "Merged in 1a2b3c4" }));
    t.same(convoys.get(quiet.id).ready.toSorted(), [waits, merged].toSorted());
  },
);

t.test("no convoy is open: no timer runs; what was missed while nobody looked is made good at the start", async (t) => {
  const { convoys, add, write, clock, beads, nudged, store } = await testConvoys(t, { start: false });
  const before = clock.pending;
  const bead = await add();
  const { id } = await convoys.create("anna", { title: "Late", beads: [bead], nudgeWatchers: ["mayor"] });
  await write((writer) => writer.closing.close(bead));
  t.match(convoys.get(id), { status: "open", state: "complete" });
  await convoys.start();
  await convoys.settled();
  t.match(convoys.get(id), { status: "closed", landings: 1 });
  t.same(nudged, [{ to: "mayor/", text: `Convoy landed: Late (${id})` }]);
  t.equal(clock.pending, before);
  await convoys.stop();
  await convoys.start();
  await convoys.settled();
  t.equal(nudged.length, 1);
  t.equal(store.all("SELECT 1 FROM convoy_landings").length, 1);
  t.equal(beads.reads.count({ type: "message", all: true }), 1);
});

t.test("work that is being merged is nobody's to take; the merge lets the convoy land", async (t) => {
  const { convoys, add, write, hands, slung } = await testConvoys(t);
  const bead = await add({ status: "in_progress", assignee: "garden/polecats/toast" });
  hands.dead.add("garden/polecats/toast");
  const { id } = await convoys.create("anna", { title: "Gate", beads: [bead] });
  t.match(convoys.get(id), { state: "ready", ready: [bead] });
  const request = await write((writer) =>
    writer.create({ title: "merge", issue_type: "merge-request", metadata: { source_issue: bead } }),
  );
  t.match(convoys.get(id), { state: "active", ready: [] }, "its worker is done with it and gone");
  await write((writer) => writer.closing.close(bead, { reason: "Merged in 1a2b3c4" }));
  await convoys.settled();
  t.match(convoys.get(id), { status: "open", state: "complete" });
  await write((writer) => writer.closing.close(request.id, { reason: "merged" }));
  await convoys.settled();
  t.match(convoys.get(id), { status: "closed", landings: 1 });
  t.same(slung, []);
});
