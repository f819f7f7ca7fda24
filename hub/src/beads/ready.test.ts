import type { BeadRecord } from "@barnacle/protocol/beads";
import fc from "fast-check";
import t from "tap";
import { checkBeads } from "./index.ts";
import { testBeads } from "./testing.ts";

interface Plan {
  readonly status: string;
  readonly type: string;
  readonly reason: string;
  readonly ephemeral: boolean;
  readonly deferred: number;
  /** Each towards an earlier bead: which, of the kind. */
  readonly edges: readonly (readonly [number, string])[];
}

const PLAN: fc.Arbitrary<Plan> = fc.record({
  status: fc.constantFrom(
    "open",
    "open",
    "open",
    "open",
    "closed",
    "closed",
    "in_progress",
    "pinned",
    "deferred",
    "blocked",
  ),
  type: fc.constantFrom("task", "task", "task", "bug", "gate", "message"),
  reason: fc.constantFrom("Done", "failed: no power"),
  ephemeral: fc.boolean().map((yes) => yes),
  deferred: fc.constantFrom(0, 0, 0, 1, -1),
  edges: fc.array(
    fc.tuple(
      fc.nat(499),
      fc.constantFrom("blocks", "blocks", "parent-child", "related", "conditional-blocks", "waits-for", "tracks"),
    ),
    { maxLength: 3 },
  ),
});

/** By the definition alone, over records, without a store. */
function oracle(records: readonly BeadRecord[], now: number): string[] {
  const all = new Map(records.map((record) => [record.id, record]));
  const done = (record: BeadRecord | undefined) => !record || ["closed", "pinned", "tombstone"].includes(record.status);
  const edges = (record: BeadRecord) => record.dependencies ?? [];
  const children = (id: string) =>
    records.filter((one) => edges(one).some((edge) => edge.type === "parent-child" && edge.depends_on_id === id));
  const blocked = (record: BeadRecord): boolean =>
    !done(record) &&
    edges(record).some(({ type, depends_on_id, metadata }) => {
      const target = all.get(depends_on_id);
      if (!target) return false;
      if (type === "blocks") return !done(target);
      if (type === "conditional-blocks") {
        return !done(target) || (target.status === "closed" && !/fail/.test(target.close_reason ?? ""));
      }
      if (type === "parent-child") return blocked(target);
      if (type !== "waits-for") return false;
      const family = children(target.id);
      const any = (metadata as { gate?: string } | undefined)?.gate === "any-children";
      return family.some((child) => !done(child)) && !(any && family.some((child) => child.status === "closed"));
    });
  const late = (record: BeadRecord | undefined) => Date.parse(record?.defer_until ?? "") > now;
  return records
    .filter((record) => {
      const parents = edges(record).filter((edge) => edge.type === "parent-child");
      const work = !["gate", "message"].includes(record.issue_type) && !record.ephemeral;
      const held = late(record) || parents.some((edge) => late(all.get(edge.depends_on_id)));
      return record.status === "open" && work && !held && !blocked(record);
    })
    .sort((a, b) => a.priority - b.priority || b.created_at.localeCompare(a.created_at) || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
}

t.test("R3.3 ready is what the definition says, on random graphs of 500 beads, after every change", async (t) => {
  const runs = Number(process.env.BARNACLE_READY_RUNS ?? 3);
  const plans = fc.sample(fc.array(PLAN, { minLength: 500, maxLength: 500 }), { numRuns: runs, seed: 5 });
  for (const plan of plans) {
    const { beads, store, clock, random, ready } = await testBeads(t);
    const ids = plan.map((_, i) => `rd-${i.toString(36).padStart(3, "0")}`);
    let refused = 0;
    await beads.write("anna", (writer) => {
      for (const [i, one] of plan.entries()) {
        const defer = one.deferred === 0 ? undefined : one.deferred > 0 ? "+1d" : "-1d";
        writer.create({
          ...{ id: ids[i], title: `bead ${i}`, priority: i % 5, issue_type: one.type, defer_until: defer },
          ephemeral: one.ephemeral && i % 5 === 0,
        });
      }
      for (const [i, one] of plan.entries())
        for (const [to, kind] of one.edges) {
          const metadata = kind === "waits-for" && to % 2 ? { gate: "any-children" } : undefined;
          try {
            writer.addDependency(ids[i] ?? "", ids[to] ?? "", kind, metadata);
          } catch (error) {
            // A ring, or two kinds for one pair: both are refused by name.
            if (!["BEAD_CYCLE", "CONFLICT"].includes((error as { code: string }).code)) throw error;
            refused++;
          }
        }
      for (const [i, one] of plan.entries()) writer.update(ids[i] ?? "", { status: one.status });
    });
    t.ok(refused > 0 && refused < 700, `${refused} edges refused`);
    const compare = (when: string) => {
      const records = [...beads.export()].map((line) => JSON.parse(line));
      const expected = oracle(records, clock.now());
      t.same(ready(), expected, `${when}: ${expected.length} ready`);
      t.equal(beads.reads.readyCount(), expected.length);
      t.same(checkBeads(store).drift, [], when);
    };
    compare("at first");
    for (let round = 0; round < 6; round++) {
      await beads.write("anna", (writer) => {
        for (let i = 0; i < 25; i++) {
          const at = Math.floor(random.unit() * 500);
          const id = ids[at] ?? "";
          const { bead } = writer.need(id);
          const step = Math.floor(random.unit() * 6);
          if (bead.status === "tombstone") continue;
          if (step === 0) writer.closing.close(id, { force: true, reason: at % 2 ? "Done" : "failed: rain" });
          else if (step === 1 && bead.status === "closed") writer.closing.reopen(id);
          else if (step === 2) writer.update(id, { status: plan[(at + 7) % 500]?.status ?? "open" });
          else if (step === 3) writer.removeDependency(id, bead.dependencies?.[0]?.depends_on_id ?? "");
          else if (step === 4) writer.delete(id);
          else writer.update(id, { defer_until: at % 2 ? "+2d" : null });
        }
      });
      compare(`round ${round}`);
    }
    const dropped = await beads.write("anna", (writer) =>
      ids.filter((_, i) => i % 9 === 0).map((id) => writer.purge(id)),
    );
    compare(`${dropped.length} purged`);
    const repaired = await beads.write("doctor", (writer) => writer.graph.rebuild());
    t.equal(repaired, 0, "nothing to repair");
    store.run("UPDATE beads SET direct = direct + 1, blocked = 1 - blocked WHERE seq % 50 = 0");
    t.ok(checkBeads(store).drift.length > 0, "what is wrong is seen");
    t.ok((await beads.write("doctor", (writer) => writer.graph.rebuild())) > 0);
    compare("repaired");
  }
});

t.test("every blocker of a blocked bead is named, and why a bead is not ready", async (t) => {
  const { beads, add, ready } = await testBeads(t);
  const first = await add({ title: "first", priority: 1 });
  const epic = await add({ title: "epic", issue_type: "epic" });
  const gate = await add({ title: "gate", issue_type: "epic" });
  const child = await add({ title: "child", parent: epic });
  const second = await add({ title: "second", dependencies: [{ on: first }] });
  await beads.write("anna", (writer) => writer.addDependency(epic, gate));
  t.equal(child, `${epic}.1`);
  t.same(ready(), [first, gate], "a blocked parent blocks its children");
  t.match(beads.reads.blockersOf(child), [{ id: epic, kind: "parent-child" }]);
  t.same(beads.reads.whyNot(second), [`it waits for ${first} (blocks, open)`]);
  t.same(beads.reads.whyNot(child), [`its parent ${epic} is blocked`]);
  const { summary, blocked, ready: shown } = beads.reads.explain();
  t.same(summary, { total_ready: 2, total_blocked: 3, cycle_count: 0 });
  t.match(
    blocked.find(({ id }) => id === second),
    { blocked_by_count: 1, blocked_by: [{ id: first, title: "first" }] },
  );
  await beads.write("anna", (writer) => writer.closing.close(first));
  t.match(
    beads.reads.explain().ready.find(({ id }) => id === second),
    { resolved_blockers: [first] },
  );
  t.ok(shown.length > 0);
  for (const [fields, why] of [
    [{ status: "deferred" }, /status is deferred/],
    [{ status: "open", ephemeral: true }, /ephemeral/],
    [{ ephemeral: null, pinned: true }, /pinned/],
    [{ pinned: null, issue_type: "message" }, /type message/],
    [{ issue_type: "task", defer_until: "+1d" }, /deferred until/],
  ] as const) {
    await beads.write("anna", (writer) => writer.update(second, fields));
    t.match(beads.reads.whyNot(second), [why]);
    t.notOk(ready().includes(second));
  }
});

t.test("conditional-blocks: what depends on a failure runs when it came, and not when it did not", async (t) => {
  const { beads, add, ready } = await testBeads(t);
  const [a, b] = [await add(), await add()];
  const afterA = await add({ dependencies: [{ on: a, kind: "conditional-blocks" }] });
  const afterB = await add({ dependencies: [{ on: b, kind: "conditional-blocks" }] });
  t.same(ready().sort(), [a, b].sort());
  await beads.write("anna", (writer) => {
    writer.closing.close(a, { reason: "Tests failed on arm64" });
    writer.closing.close(b, { reason: "Done" });
  });
  t.same(ready(), [afterA]);
  t.match(beads.reads.blockersOf(afterB), [{ id: b, kind: "conditional-blocks", status: "closed" }]);
  await beads.write("anna", (writer) => writer.delete(b));
  t.same(ready().sort(), [afterA, afterB].sort(), "a deleted bead is in nobody's way");
});

t.test("waits-for waits for children, also for those that come later", async (t) => {
  const { beads, add, ready } = await testBeads(t);
  const spawner = await add({ title: "spawner" });
  const all = await add({ title: "all", dependencies: [{ on: spawner, kind: "waits-for" }] });
  const any = await add({
    ...{ title: "any" },
    dependencies: [{ on: spawner, kind: "waits-for", metadata: '{"gate":"any-children"}' }],
  });
  t.same(ready().sort(), [spawner, all, any].sort(), "without children nothing is waited for");
  const one = await add({ parent: spawner });
  const two = await add({ parent: spawner });
  t.same(ready().sort(), [spawner, one, two].sort());
  await beads.write("anna", (writer) => writer.closing.close(one));
  t.same(ready().sort(), [spawner, any, two].sort());
  await beads.write("anna", (writer) => writer.removeDependency(two, spawner));
  t.same(ready().sort(), [spawner, all, any, two].sort());
});

t.test("rings are refused over every kind that holds back, and named", async (t) => {
  const { beads, add } = await testBeads(t);
  const [a, b, c] = [await add(), await add(), await add()];
  const join = (from: string, to: string, kind: string) =>
    beads.write("anna", (writer) => writer.addDependency(from, to, kind));
  await join(b, a, "blocks");
  await join(c, b, "conditional-blocks");
  await t.rejects(join(a, c, "blocks"), { code: "BEAD_CYCLE", details: { ring: [a, c, b, a] } });
  await t.rejects(join(a, c, "waits-for"), { code: "BEAD_CYCLE" });
  await t.rejects(join(a, c, "parent-child"), { code: "BEAD_CYCLE" });
  await t.rejects(join(a, a, "blocks"), { code: "BEAD_CYCLE" });
  await join(a, c, "related");
  const parent = await add();
  const child = await add({ parent });
  await t.rejects(join(parent, child, "blocks"), {
    code: "BEAD_CYCLE",
    message: new RegExp(`${parent} → ${child} → ${parent}`),
  });
  const waiter = await add({ dependencies: [{ on: parent, kind: "waits-for" }] });
  await t.rejects(join(child, waiter, "blocks"), { code: "BEAD_CYCLE" }, "it waits for the child");
  await t.rejects(
    add({ parent, dependencies: [{ on: waiter }] }),
    { code: "BEAD_CYCLE" },
    "and for one that comes later",
  );
  const behind = await add({ dependencies: [{ on: waiter }] });
  await t.rejects(join(behind, parent, "parent-child"), { code: "BEAD_CYCLE" }, "and for one that becomes its child");
  await t.rejects(join(waiter, parent, "parent-child"), { code: "CONFLICT" });
  await t.rejects(join(waiter, "hq-none", "blocks"), { code: "BEAD_UNKNOWN" });
  await join(waiter, "external:other:feature", "blocks");
  const epic = await add({ issue_type: "epic" });
  await t.rejects(join(a, epic, "blocks"), { code: "BEAD_REFUSED" });
  t.equal(beads.reads.explain().summary.cycle_count, 0);
});

t.test("imported rings are kept and shown, and a ring of parents does not hold itself", async (t) => {
  const { beads, store, ready } = await testBeads(t);
  const line = (id: string, on: string, type: string, more: readonly object[] = []) =>
    JSON.stringify({
      ...{ id, title: id, status: "open", priority: 2, issue_type: "task", created_at: "2026-01-01T00:00:00Z" },
      ...{ updated_at: "2026-01-01T00:00:00Z", dependencies: [{ issue_id: id, depends_on_id: on, type }, ...more] },
    });
  const x = { issue_id: "p-a", depends_on_id: "p-x", type: "blocks" };
  await beads.import("anna", [
    ...[line("p-a", "p-b", "parent-child", [x]), line("p-b", "p-a", "parent-child"), line("p-x", "p-none", "blocks")],
    ...[line("r-1", "r-2", "blocks"), line("r-2", "r-1", "blocks")],
  ]);
  t.same(ready(), ["p-x"]);
  t.same(beads.reads.explain().cycles.length, 2);
  await beads.write("anna", (writer) => writer.closing.close("p-x"));
  t.same(ready(), ["p-a", "p-b"]);
  t.same(checkBeads(store).drift, []);
  await beads.import("anna", [line("p-none", "elsewhere", "blocks")]);
  t.equal(beads.reads.get("p-x").status, "closed");
});
