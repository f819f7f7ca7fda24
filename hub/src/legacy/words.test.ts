import t from "tap";
import { LEGACY_WORDS, type LegacySet } from "../beads/index.ts";
import { testConvoys } from "../convoys/testing.ts";
import { legacyConvoyCall } from "./calls.ts";
import { type ConvoySet, LEGACY_CONVOY_CALLS } from "./names.ts";
import { beadToLegacy, CONVOY_WORDS, convoyFromLegacy, convoyToLegacy, keepWords } from "./words.ts";

const SETS: Readonly<Record<ConvoySet, readonly string[]>> = {
  store: ["pending", "active", "completed", "failed", "cancelled", "partial"],
  workspace: ["created", "assigning", "executing", "merging", "done", "failed", "cancelled"],
  extension: ["pending", "in_progress", "blocked", "review", "completed", "cancelled"],
};

t.test("R2.2 every word of the three convoy sets maps here and back, kept beside the convoy", async (t) => {
  const { convoys, beads } = await testConvoys(t);
  for (const [set, words] of Object.entries(SETS) as [ConvoySet, string[]][]) {
    t.same(Object.keys(CONVOY_WORDS[set]).toSorted(), words.toSorted(), set);
    for (const word of words) {
      const { status, close_reason } = convoyFromLegacy(set, word);
      const id = await convoys.write("anna", (writer) => {
        const metadata = keepWords({ [set]: word });
        const made = writer.create({
          title: `${set} ${word}`,
          status: status === "closed" ? "open" : status,
          metadata,
        });
        if (status === "closed") writer.close(made.id, { reason: close_reason, force: true });
        return made.id;
      });
      const stored = beads.reads.get(id);
      t.equal(stored.status, status);
      t.equal(convoyToLegacy(set, stored), word, `${set} ${word} and back`);
      for (const other of Object.keys(SETS) as ConvoySet[]) {
        const there = convoyToLegacy(other, stored);
        t.ok(SETS[other].includes(there), `${set} ${word} in ${other}: ${there}`);
        const meant = convoyFromLegacy(other, there).status.replace("_warnings", "_ready");
        t.equal(meant, status.replace("_warnings", "_ready"), "the same state");
      }
    }
    t.throws(() => convoyFromLegacy(set, "finished"), { code: "INPUT_INVALID", message: /"finished" is none of/ });
  }
  const merging = { status: "closed", close_reason: "Failed: no oil", metadata: keepWords({ workspace: "merging" }) };
  t.equal(convoyToLegacy("workspace", merging), "failed", "a word that is no longer true is not believed");
  t.equal(convoyToLegacy("workspace", { ...merging, metadata: keepWords({ workspace: "done" }) }), "failed");
  t.equal(convoyToLegacy("extension", { status: "open", state: "waiting" }), "blocked");
  t.equal(convoyToLegacy("store", { status: "staged_warnings" }), "pending");
  t.equal(convoyToLegacy("store", { status: "closed", close_reason: "rain", state: "cancelled" }), "cancelled");
  t.equal(
    convoyToLegacy("store", { status: "open", metadata: { legacy: { words: { store: "nonsense" } } } }),
    "active",
  );
});

t.test("B1 every word of the three bead sets comes back as it was", async (t) => {
  const { add, beads } = await testConvoys(t);
  for (const [set, words] of Object.entries(LEGACY_WORDS) as [LegacySet, Record<string, { status: string }>][]) {
    for (const [word, meaning] of Object.entries(words)) {
      const { status, close_reason } = meaning as { status: string; close_reason?: string };
      if (status === "tombstone") continue;
      const id = await add({ status, metadata: keepWords({ [set]: word }) });
      if (close_reason) await beads.write("anna", (writer) => writer.update(id, { close_reason }));
      t.equal(beadToLegacy(set, beads.reads.get(id)), word, `${set} ${word}`);
      await beads.write("anna", (writer) => writer.update(id, { status: "open" }));
      t.equal(beadToLegacy("store", beads.reads.get(id)), "pending", "what happened since counts");
    }
  }
});

t.test("B1 each older call on convoys leaves what today's does, and the word of its set", async (t) => {
  const { convoys, add } = await testConvoys(t);
  const run = (set: ConvoySet, call: (typeof LEGACY_CONVOY_CALLS)[number], more: object = {}) =>
    convoys.write("anna", (writer) => legacyConvoyCall(writer, { set, call, ...more }));
  const bead = await add();
  const before = await run("store", "create", { title: "Before", beads: [bead] });
  t.match(before, { status: "staged_ready", metadata: { legacy: { words: { store: "pending" } } } });
  const { id } = await run("workspace", "create", { title: "Gate", beads: [bead], description: "x" });
  t.match(await run("workspace", "assign", { id, agents: ["ben"] }), {
    status: "open",
    metadata: { assigned_to: ["ben"] },
  });
  const word = (set: ConvoySet) => convoyToLegacy(set, convoys.reads.need(id));
  t.same([word("workspace"), word("store"), word("extension")], ["assigning", "active", "in_progress"]);
  await run("workspace", "start", { id, agents: ["ben", "cleo"] });
  t.equal(word("workspace"), "executing");
  await run("extension", "block", { id, reason: "rain", dependsOn: [before.id] });
  t.same([word("extension"), word("workspace")], ["blocked", "executing"]);
  t.match(convoys.get(id), { state: "waiting", depends_on: [before.id] });
  await run("extension", "unblock", { id });
  await run("extension", "handoff", { id, agents: ["cleo"] });
  t.match(convoys.reads.need(id).metadata, { current_agent: "cleo", block_reason: undefined });
  await run("workspace", "merge", { id });
  t.equal(word("workspace"), "merging");
  t.match(await run("workspace", "add", { id, beads: [await add()] }), { status: "open" });
  t.match(await run("workspace", "fail", { id, reason: "no oil" }), {
    status: "closed",
    close_reason: "Failed: no oil",
  });
  t.same([word("workspace"), word("store"), word("extension")], ["failed", "failed", "cancelled"]);
  await run("store", "cancel", { id: before.id });
  t.match(convoys.get(before.id), { status: "closed", close_reason: "Cancelled" });
  const other = await run("extension", "create", { title: "Other", dependsOn: [before.id] });
  t.match(await run("extension", "complete", { id: other.id }), { close_reason: "Completed" });
  const first = await run("store", "create", { title: "First" });
  const second = await run("store", "create", { title: "Second", dependsOn: [first.id] });
  await t.rejects(run("store", "start", { id: second.id }), { code: "CONVOY_REFUSED", message: /it waits for/ });
  t.equal(convoys.get(second.id).status, "staged_ready");
  for (const call of LEGACY_CONVOY_CALLS) {
    if (call !== "create") await t.rejects(run("store", call), { code: "INPUT_INVALID", message: /expected id/ }, call);
  }
  await t.rejects(run("store", "dance" as "add", { id: first.id }), {
    code: "INPUT_INVALID",
    message: /expected one of/,
  });
});
