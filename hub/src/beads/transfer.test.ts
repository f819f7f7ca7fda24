import fc from "fast-check";
import t from "tap";
import { checkBeads } from "./index.ts";
import { rowsOf, testBeads } from "./testing.ts";

const KINDS = ["blocks", "conditional-blocks", "parent-child", "waits-for", "related", "tracks"] as const;
const NAMES = Array.from({ length: 12 }, (_, i) => `f-${i}`);

const LINE = fc.record({
  id: fc.constantFrom(...NAMES),
  status: fc.constantFrom("open", "open", "closed", "in_progress", "pinned", "tombstone"),
  reason: fc.constantFrom("Done", "failed: no power"),
  hours: fc.nat(3),
  deferred: fc.boolean(),
  edges: fc.array(fc.tuple(fc.constantFrom(...NAMES, "f-none"), fc.constantFrom(...KINDS)), { maxLength: 3 }),
});

type Line = typeof LINE extends fc.Arbitrary<infer T> ? T : never;

/** What follows from the lines; the order of rows in the file may differ. */
function textOf({ id, status, reason, hours, deferred, edges }: Line): string {
  const at = `2026-01-01T0${hours}:00:00Z`;
  return JSON.stringify({
    ...{ id, title: `${id} ${reason}`, status, priority: 2, issue_type: "task", created_at: "2026-01-01T00:00:00Z" },
    ...{ updated_at: at, ...(status === "closed" ? { closed_at: at, close_reason: reason } : {}) },
    ...(deferred ? { defer_until: "2030-01-01T00:00:00Z" } : {}),
    dependencies: edges
      .filter(([target]) => target !== id)
      .map(([target, type]) => ({ issue_id: id, depends_on_id: target, type })),
  });
}

t.test(
  "a file taken in at once, in two parts and line by line gives the same beads, and what they wait for",
  async (t) => {
    const [whole, halves, single] = [await testBeads(t), await testBeads(t), await testBeads(t)];
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(LINE, { minLength: 1, maxLength: 30 }), fc.nat(30), async (lines, cut) => {
        // Each run has ids of its own, so that the three stores serve for all.
        const texts = lines.map((line) => textOf(line).replaceAll('"f-', `"f${run}-`));
        run++;
        await whole.beads.import("anna", texts);
        for (const part of [texts.slice(0, cut), texts.slice(cut)]) await halves.beads.import("anna", part);
        for (const text of texts) await single.beads.import("anna", [text]);
        for (const { store } of [whole, halves, single]) {
          const { drift } = checkBeads(store);
          if (drift.length > 0) throw new TypeError(drift.join(", "));
        }
        const rows = JSON.stringify(rowsOf(whole.store));
        if (rows !== JSON.stringify(rowsOf(halves.store)) || rows !== JSON.stringify(rowsOf(single.store))) {
          throw new TypeError("the rows differ");
        }
      }),
      { numRuns: 40, endOnFailure: true },
    );
    t.ok(whole.beads.reads.count({ all: true }) > 100);
  },
);
