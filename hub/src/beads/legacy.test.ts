import t from "tap";
import { fromLegacy, LEGACY_WORDS, type LegacyCall, type LegacySet, legacyCall, toLegacy } from "./legacy.ts";
import { rowsOf, testBeads } from "./testing.ts";
import type { BeadWriter } from "./writer.ts";

const SETS: Readonly<Record<LegacySet, readonly string[]>> = {
  store: ["pending", "claimed", "running", "completed", "failed", "cancelled", "blocked"],
  workspace: ["pending", "assigned", "running", "done", "failed", "skipped"],
  beads: ["open", "in_progress", "blocked", "hooked", "deferred", "pinned", "closed", "tombstone"],
};

t.test("B1 the words of the three sets map both ways without loss", async (t) => {
  for (const [set, words] of Object.entries(SETS) as [LegacySet, string[]][]) {
    t.same(Object.keys(LEGACY_WORDS[set]).sort(), [...words].sort(), set);
    for (const word of words) {
      const meaning = fromLegacy(set, word);
      t.ok(SETS.beads.includes(meaning.status), `${set} ${word}`);
      t.equal(toLegacy(set, meaning).word, word, `${set} ${word} and back`);
    }
    for (const status of SETS.beads) {
      const { word, native } = toLegacy(set, { status });
      t.ok(words.includes(word), `${status} in ${set}: ${word}`);
      t.equal(fromLegacy(set, word, native).status, status, `${status} by ${set} and back`);
    }
    t.throws(() => fromLegacy(set, "finished"), { code: "INPUT_INVALID", message: /"finished" is none of/ });
  }
  t.equal(
    fromLegacy("store", "running", "pinned").status,
    "in_progress",
    "a native word that does not fit is not believed",
  );
  t.equal(toLegacy("store", { status: "closed", close_reason: "failed: no oil" }).word, "failed");
  t.equal(toLegacy("workspace", { status: "closed", close_reason: "Cancelled by anna" }).word, "skipped");
  t.equal(toLegacy("workspace", { status: "closed", close_reason: "Merged in abc" }).word, "done");
});

t.test("B1 each older call leaves the same rows as today's", async (t) => {
  type Native = (writer: BeadWriter, id: string) => unknown;
  const cases: readonly [Omit<LegacyCall, "id">[], Native[]][] = [
    [[{ call: "assign", agent: "ben" }], [(writer, id) => writer.update(id, { status: "hooked", assignee: "ben" })]],
    [[{ call: "start" }], [(writer, id) => writer.update(id, { status: "in_progress" })]],
    [[{ call: "complete" }], [(writer, id) => writer.closing.close(id, { reason: "Completed" })]],
    [
      [{ call: "fail", reason: "no oil" }],
      [(writer, id) => writer.closing.close(id, { reason: "Failed: no oil", force: true })],
    ],
    [[{ call: "skip" }], [(writer, id) => writer.closing.close(id, { reason: "Skipped", force: true })]],
    [
      [{ call: "assign", agent: "ben" }, { call: "start" }, { call: "complete", reason: "Oiled" }],
      [
        (writer, id) => writer.update(id, { status: "hooked", assignee: "ben" }),
        (writer, id) => writer.update(id, { status: "in_progress" }),
        (writer, id) => writer.closing.close(id, { reason: "Oiled" }),
      ],
    ],
  ];
  for (const [calls, natives] of cases) {
    const [old, today] = [await testBeads(t), await testBeads(t)];
    const title = "Fix the gate";
    const made = await old.beads.write("anna", (writer) =>
      legacyCall(writer, { call: "create", title, description: "x" }),
    );
    const same = await today.beads.write("anna", (writer) => writer.create({ title, description: "x" }));
    t.equal(made.id, same.id);
    for (const call of calls) {
      await old.clock.advance(1000);
      await old.beads.write("anna", (writer) => legacyCall(writer, { ...call, id: made.id }));
    }
    for (const native of natives) {
      await today.clock.advance(1000);
      await today.beads.write("anna", (writer) => native(writer, same.id));
    }
    t.same(rowsOf(old.store), rowsOf(today.store), calls.map(({ call }) => call).join(", "));
    t.same(old.beads.log.list({ limit: 0 }), today.beads.log.list({ limit: 0 }));
  }
  const { beads } = await testBeads(t);
  for (const bad of [{ call: "start" }, { call: "assign", id: "x" }, { call: "dance", id: "x" }, { call: "create" }]) {
    await t.rejects(
      beads.write("anna", (writer) => legacyCall(writer, bad as LegacyCall)),
      { code: "INPUT_INVALID" },
    );
  }
});
