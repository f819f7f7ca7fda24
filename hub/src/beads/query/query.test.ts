import t from "tap";
import { testBeads } from "../testing.ts";

t.test("queries: fields, comparisons, AND, OR, NOT, parentheses, relative times", async (t) => {
  const { beads, add, clock } = await testBeads(t);
  const epic = await add({ title: "Garden", issue_type: "epic", priority: 0 });
  const old = await add({ title: "Fix the gate", labels: ["garden", "urgent"], parent: epic, metadata: { cost: "9" } });
  await clock.advance(10 * 86_400_000);
  const young = await add({ title: 'Paint "it" blue', assignee: "ben", priority: 4, due_at: "+1d" });
  const found = (query: string) => beads.reads.list({ query, sortBy: "file" }).map(({ id }) => id);
  const cases: readonly [string, string[]][] = [
    ["priority <= 1", [epic]],
    ["priority=P4", [young]],
    ["type = epic or assignee = ben", [epic, young]],
    ["NOT type=epic AND NOT assignee=ben", [old]],
    ["NOT (type=epic OR assignee=ben)", [old]],
    ["type=epic OR type=task AND assignee=ben", [epic, young]],
    ["created < 7d", [epic, old]],
    ["created >= -7d", [young]],
    ["due < next-week OR title ~ gate", []],
    ["title ~ GATE", [old]],
    ["title !~ gate AND title != Garden", [young]],
    [`title = 'Paint "it" blue'`, [young]],
    [`title = "Paint \\"it\\" blue"`, [young]],
    ["label = urgent", [old]],
    ["label = gar*", [old]],
    ["label = none", [epic, young]],
    ["label != garden", [epic, young]],
    [`parent = ${epic}`, [old]],
    ["parent = none", [epic, young]],
    ["assignee = none", [epic, old]],
    ["assignee != ben", [epic, old]],
    ["metadata.cost = 9", [old]],
    ["blocked = false AND comments < 1", [epic, old, young]],
  ];
  for (const [query, ids] of cases) {
    if (query.includes("next-week"))
      t.throws(() => found(query), { code: "INPUT_INVALID", message: /due: expected a time/ });
    else t.same(found(query), ids, query);
  }
  const bad: readonly [string, RegExp][] = [
    ["", /expected a field, found the end/],
    ["title", /expected one of = !=.*found the end/],
    ["title =", /expected a value/],
    ["(title = x", /expected "\)"/],
    ["title = x y = z", /expected AND, OR or the end, found "y" at 11/],
    ["weather = rain", /"weather" is no field; expected one of id/],
    ["priority < high", /priority: expected a number/],
    ["ephemeral = maybe", /expected true or false/],
    ["label < x", /label takes/],
    ["parent ~ x", /parent takes/],
    ["'x' = y", /expected a field/],
    ['title = "x', /was not understood/],
    [`${"(".repeat(200)}a=b`, /nested too deep/],
  ];
  for (const [query, message] of bad) t.throws(() => found(query), { code: "INPUT_INVALID", message }, query);
});

t.test("filters of lists", async (t) => {
  const { beads, add } = await testBeads(t);
  const epic = await add({ title: "Epic", issue_type: "epic" });
  const child = await add({
    title: "Child",
    parent: epic,
    labels: ["a", "b"],
    external_ref: "gh-1",
    metadata: { k: "v" },
  });
  const deep = await add({ title: "Deep", parent: child, labels: ["b"], assignee: "ben", due_at: "-1d" });
  const late = await add({ title: "Late", defer_until: "+1d" });
  const closed = await add({ title: "Closed", status: "closed" });
  const pinned = await add({ title: "Pinned", status: "pinned" });
  const found = (filter: Parameters<typeof beads.reads.list>[0]) =>
    beads.reads.list({ sortBy: "file", ...filter }).map(({ id }) => id);
  t.same(found({}), [epic, child, deep, late]);
  t.same(found({ all: true }), [epic, child, deep, late, closed, pinned]);
  t.same(found({ status: "closed,pinned" }), [closed, pinned]);
  t.same(found({ pinned: true }), [pinned]);
  t.same(found({ parent: epic }), [child, deep]);
  t.same(found({ labels: ["a", "b"] }), [child]);
  t.same(found({ anyLabel: ["a", "b"] }), [child, deep]);
  t.same(found({ type: "epic" }), [epic]);
  t.same(found({ priority: "0,2", limit: 1 }), [epic]);
  t.same(found({ assignee: "ben" }), [deep]);
  t.same(found({ unassigned: true, title: "LATE" }), [late]);
  t.same(found({ overdue: true }), [deep]);
  t.same(found({ deferred: true }), [late]);
  t.same(found({ externalRef: "gh-1" }), [child]);
  t.same(found({ metadata: { k: "v" } }), [child]);
  t.same(found({ createdAfter: "+1d" }), []);
  t.same(found({ updatedBefore: "+1d", blocked: false, sortBy: "title" }), [child, deep, epic, late]);
  t.same(found({ sortBy: "title", reverse: true }), [late, epic, deep, child]);
  t.throws(() => found({ createdBefore: "never" }), { code: "INPUT_INVALID" });
  t.throws(() => found({ text: "  " }), { code: "INPUT_INVALID" });
  t.same(
    beads.reads
      .ready({ sort: "oldest" })
      .map(({ id }) => id)
      .sort(),
    [epic, child, deep].sort(),
  );
  t.same(
    beads.reads
      .ready({ sort: "hybrid", includeDeferred: true, type: "task" })
      .map(({ id }) => id)
      .sort(),
    [child, deep, late].sort(),
  );
  t.same(
    beads.reads.children(child).map(({ id }) => id),
    [deep],
  );
  t.same(
    beads.reads.dependents(epic).map(({ id }) => id),
    [child],
  );
});
