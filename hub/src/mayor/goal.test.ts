import t from "tap";
import { decide, type GoalBead, type GoalState } from "./decide.ts";
import { itemsOf, planOf } from "./goal.ts";

t.test("lines become items: bullets and numbers go, urgency and what comes first are read", async (t) => {
  const text =
    "# The gate\n\n- Buy hinges\n2. P1 Hang the gate (after 1)\n* Paint it (needs: 1, 2)\nfeed the (old) cat\n";
  t.same(itemsOf(text), [
    { title: "Buy hinges" },
    { title: "Hang the gate", priority: 1, needs: [1] },
    { title: "Paint it", needs: [1, 2] },
    { title: "feed the (old) cat" },
  ]);
});

t.test("items name each other by number or key; what does not fit is named", async (t) => {
  const items = [{ title: "a", key: "x" }, "b (after x)", { title: "c", needs: [2, "x", 2], rig: "yard" }];
  t.same(
    planOf({ title: "g", rig: "barn", priority: 3, items, text: "d (after 3)" }).map(
      ({ title, needs, rig, priority }) => [title, needs, rig, priority],
    ),
    [
      ["a", [], "barn", 3],
      ["b", [0], "barn", 3],
      ["c", [1, 0], "yard", 3],
      ["d", [2], "barn", 3],
    ],
  );
  const refused = (items: readonly (string | { title: string; key?: string })[], message: RegExp) =>
    t.throws(() => planOf({ title: "g", items }), { code: "INPUT_INVALID", message });
  refused([], /items: expected at least one/);
  refused(["a", "b (after 3)"], /items\.1\.needs: there is no other item "3" \(of 2\)/);
  refused(["a (after 1)"], /items\.0\.needs/);
  refused(["a (after 2)", "b (after 3)", "c (after 1)"], /they wait for each other: 1 → 2 → 3 → 1/);
  refused(
    [
      { title: "a", key: "k" },
      { title: "b", key: "k" },
    ],
    /"k" is the key of item 1 already/,
  );
  refused(
    Array.from({ length: 501 }, () => "x"),
    /at most 500/,
  );
});

function goal(beads: readonly Partial<GoalBead>[], more: Partial<GoalState> = {}): GoalState {
  return {
    ...{ id: "g", title: "G", convoy: "hq-cv-1", stuck: [] },
    beads: beads.map((bead, i) => ({
      bead: `b${i}`,
      rig: "barn",
      status: "open",
      held: false,
      queued: false,
      ...bead,
    })),
    ...more,
  };
}

t.test("what the mayor does follows from how its goals stand", async (t) => {
  const kinds = (state: GoalState) => decide([state]).map((action) => ("bead" in action ? action.bead : action.kind));
  t.same(kinds(goal([{}], { convoy: undefined })), ["convoy"]);
  t.same(
    kinds(
      goal([
        {},
        { held: true },
        { queued: true },
        { assignee: "anna" },
        { status: "hooked" },
        { status: "closed" },
        {},
      ]),
    ),
    ["b0", "b6"],
  );
  t.same(kinds(goal([{ status: "closed" }, { status: "tombstone" }])), ["done"]);
  t.same(decide([goal([{ status: "blocked" }, { status: "closed" }])]), [
    { kind: "stuck", goal: "g", beads: ["b0"], fresh: ["b0"] },
  ]);
  t.same(kinds(goal([{ status: "blocked" }, { status: "closed" }], { stuck: ["b0"] })), [], "told before");
  t.same(decide([goal([{ status: "hooked" }], { stuck: ["b0"] })]), [
    { kind: "stuck", goal: "g", beads: [], fresh: [] },
  ]);
});
