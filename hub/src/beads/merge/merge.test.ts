import type { BeadRecord } from "@barnacle/protocol/beads";
import fc from "fast-check";
import t from "tap";
import { mergeFiles } from "./files.ts";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const at = (hour: number) => `2026-11-${String(10 + hour).padStart(2, "0")}T00:00:00Z`;

const BEAD = {
  ...{ id: "hq-1", title: "Gate", status: "open", priority: 2, issue_type: "task", created_at: at(0) },
  ...{ created_by: "anna", updated_at: at(1) },
};
const line = (changes: object = {}) => JSON.stringify({ ...BEAD, ...changes });
const merge = (base: string, left: string, right: string) => mergeFiles(base, left, right, NOW).lines;
const one = (left: object, right: object, base: object = {}): BeadRecord =>
  JSON.parse(merge(line(base), line(left), line(right))[0] ?? "{}");

t.test("each rule, and the same from both sides", async (t) => {
  const cases: readonly [string, object, object, object, object?][] = [
    ["one side's change counts", { title: "Door", updated_at: at(2) }, {}, { title: "Door", updated_at: at(2) }],
    [
      "of two texts the later",
      { title: "Door", updated_at: at(3) },
      { title: "Fence", updated_at: at(2) },
      { title: "Door", updated_at: at(3) },
    ],
    [
      "different members, both",
      { title: "Door", updated_at: at(3) },
      { assignee: "ben", updated_at: at(2) },
      { title: "Door", assignee: "ben", updated_at: at(3) },
    ],
    [
      "notes are joined",
      { notes: "left", updated_at: at(2) },
      { notes: "right", updated_at: at(3) },
      { notes: "left\n\n---\n\nright" },
    ],
    [
      "an addition to the same notes is taken once",
      { notes: "a" },
      { notes: "a\nb", updated_at: at(2) },
      { notes: "a\nb" },
    ],
    [
      "closed wins over another status",
      { status: "closed", closed_at: at(2), close_reason: "Oiled", updated_at: at(2) },
      { status: "in_progress", updated_at: at(3) },
      { status: "closed", closed_at: at(2), close_reason: "Oiled", updated_at: at(3) },
    ],
    [
      "reopened by one, not touched by the other",
      { status: "open", closed_at: undefined, updated_at: at(3) },
      { status: "closed", closed_at: at(2), updated_at: at(2), notes: "x" },
      { status: "open", notes: "x", closed_at: undefined },
      { status: "closed", closed_at: at(2), updated_at: at(2) },
    ],
    [
      "the more urgent priority, 0 too",
      { priority: 0, updated_at: at(2) },
      { priority: 1, updated_at: at(3) },
      { priority: 0 },
    ],
    [
      "labels as a set",
      { labels: ["a", "c"], updated_at: at(2) },
      { labels: ["b", "a", "d"], updated_at: at(2) },
      { labels: ["a", "c", "d"] },
      { labels: ["a", "b"] },
    ],
    [
      "metadata by name",
      { metadata: { a: 1, b: 2 }, updated_at: at(2) },
      { metadata: { a: 3, c: 4 }, updated_at: at(3) },
      { metadata: { a: 3, b: 2, c: 4 } },
      { metadata: { a: 1 } },
    ],
    [
      "an unknown member is merged like any other",
      { our_own: 1, updated_at: at(2) },
      { title: "Door", updated_at: at(3) },
      { our_own: 1, title: "Door" },
    ],
    [
      "a deletion wins",
      { status: "tombstone", deleted_at: at(2), deleted_by: "ben", updated_at: at(2) },
      { title: "Door", updated_at: at(3) },
      { status: "tombstone", title: "Gate", deleted_by: "ben" },
    ],
    [
      "one that ran out gives way to what came after it",
      { status: "tombstone", deleted_at: "2026-09-01T00:00:00Z", updated_at: "2026-09-01T00:00:00Z" },
      { title: "Door", updated_at: at(3) },
      { status: "open", title: "Door" },
    ],
  ];
  for (const [name, left, right, expected, base] of cases) {
    const result = one(left, right, base);
    t.match(result, expected, name);
    for (const [member, value] of Object.entries(expected))
      if (value === undefined) t.notOk(member in result, `${name}: ${member}`);
    t.same(one(right, left, base), result, `${name}, the other way round`);
  }
});

t.test("dependencies and comments: a removal by either side, additions by both, counts that follow", async (t) => {
  const edge = (on: string, type = "blocks") => ({ issue_id: "hq-1", depends_on_id: on, type });
  const comment = (id: number | string, text: string) => ({
    id,
    issue_id: "hq-1",
    author: "anna",
    text,
    created_at: at(1),
  });
  const base = { dependencies: [edge("hq-2"), edge("hq-3")], comments: [comment(1, "one")], dependency_count: 2 };
  const left = {
    ...base,
    dependencies: [edge("hq-2"), edge("hq-4")],
    comments: [comment(1, "one"), comment(2, "two")],
  };
  const right = {
    ...{ dependencies: [edge("hq-3"), edge("hq-2"), edge("hq-5", "related")], dependency_count: 3 },
    ...{ comments: [comment(1, "one"), comment(2, "another two")], updated_at: at(2) },
  };
  const result = one(left, right, base);
  t.same(
    result.dependencies?.map(({ depends_on_id }) => depends_on_id),
    ["hq-2", "hq-4", "hq-5"],
  );
  t.same(
    result.comments?.map(({ text }) => text),
    ["one", "another two", "two"],
    "two clones gave one number to different comments",
  );
  t.equal(result.dependency_count, 3);
  t.same(one(right, left, base), result);
});

t.test("lines: taken away, new on both sides, no beads, unreadable", async (t) => {
  const [a, b, c] = ["hq-a", "hq-b", "hq-c"].map((id, i) => line({ id, created_at: at(i) }));
  const head = '{"_schema":"beads-jsonl/1"}';
  t.same(merge([head, a, b].join("\n"), [head, b, c].join("\n"), [head, a, b].join("\n")), [head, b, c]);
  t.same(merge("", [c, a].join("\n"), [b, head].join("\n")), [head, a, b, c], "what is new stands by its time");
  const edited = line({ id: "hq-a", created_at: at(0), title: "Door", updated_at: at(5) });
  t.same(merge(a ?? "", "", edited), [], "taken away by one, changed by the other");
  t.throws(() => merge(a ?? "", `${a}\n<<<<<<< ours`, a ?? ""), {
    code: "INPUT_INVALID",
    message: /left, line 2: not JSON/,
  });
  const twice = mergeFiles(
    "",
    line(),
    line({ created_by: "ben", created_at: at(1), title: "Roof", description: "leaks" }),
    NOW,
  );
  t.same(twice.collisions, ["hq-1"]);
  t.match(JSON.parse(twice.lines[0] ?? ""), { title: "Gate", notes: /another bead with the id hq-1: Roof\)\n\nleaks/ });
});

const CHANGES = fc.record(
  {
    title: fc.constantFrom("Gate", "Door", "Fence"),
    notes: fc.constantFrom("", "a", "a\nb", "c"),
    status: fc.constantFrom("open", "in_progress", "closed", "tombstone", "blocked"),
    priority: fc.nat(4),
    issue_type: fc.constantFrom("task", "bug"),
    labels: fc.subarray(["a", "b", "c"]),
    dependencies: fc
      .subarray(["hq-2", "hq-3", "hq-4"])
      .map((ids) => ids.map((id) => ({ issue_id: "hq-1", depends_on_id: id, type: "blocks" }))),
    metadata: fc.dictionary(fc.constantFrom("x", "y"), fc.nat(3)),
    our_own: fc.nat(2),
    hours: fc.nat(8),
  },
  { requiredKeys: ["status", "hours"] },
);
const FILE = fc
  .array(fc.tuple(fc.constantFrom("hq-1", "hq-2", "hq-3", "hq-1.1"), CHANGES), { maxLength: 5 })
  .map((beads) => [...new Map(beads)].map(([id, { hours, ...more }]) => written(id, hours, more)).join("\n"));

function written(id: string, hours: number, more: { readonly status?: string }): string {
  const ended = more.status === "closed" ? { closed_at: at(hours) } : {};
  const deleted = more.status === "tombstone" ? { deleted_at: at(hours) } : {};
  return line({ id, updated_at: at(hours), ...more, ...ended, ...deleted });
}

t.test(
  "properties: neither side matters, an untouched side changes nothing, closed_at if and only if closed",
  async (t) => {
    fc.assert(
      fc.property(FILE, FILE, FILE, (base, left, right) => {
        const result = merge(base, left, right);
        if (result.join("\n") !== merge(base, right, left).join("\n")) return false;
        const sorted = (text: string) => text.split("\n").filter(Boolean).sort().join("\n");
        if (sorted(merge(base, left, base).join("\n")) !== sorted(left)) return false;
        if (sorted(merge(base, left, left).join("\n")) !== sorted(left)) return false;
        return result.every((one) => {
          const bead = JSON.parse(one);
          return (bead.status === "closed") === "closed_at" in bead && bead.id.startsWith("hq-");
        });
      }),
      { numRuns: 500 },
    );
    t.pass();
  },
);
