import t from "tap";
import { type BeadWriter, WRITES } from "../beads/index.ts";
import { readFacts, writeFacts } from "./facts.ts";
import { testConvoys } from "./testing.ts";

t.test(
  "land: refused while something is open, waits or is not merged; then with evidence, and worktrees are given back",
  async (t) => {
    const released: string[] = [];
    const worktrees = {
      release: async (_who: string, agent: string) => {
        released.push(agent);
        return agent.endsWith("toast") ? { released: true } : { released: false, why: "1 file is not committed" };
      },
    };
    const { convoys, add, write, close, mail } = await testConvoys(t, { worktrees });
    const [first, second] = [
      await add({ assignee: "garden/polecats/toast" }),
      await add({ assignee: "garden/polecats/nux" }),
    ];
    const before = await convoys.create("anna", { title: "Before", beads: [await add()] });
    const beads = [first, second];
    const { id } = await convoys.create("anna", { title: "Gate", beads, owned: true, dependsOn: [before.id] });
    t.match(convoys.get(id), { owned: true, lifecycle: "caller-managed" });
    await t.rejects(convoys.land("anna", id), {
      code: "CONVOY_REFUSED",
      message: /2 of 2 are open.*it waits for hq-cv-/,
    });
    const request = await write((writer) =>
      writer.create({ title: "merge", issue_type: "merge-request", description: `branch: x\nsource_issue: ${first}` }),
    );
    await convoys.close("anna", before.id, { force: true, reason: "not needed" });
    await close(first, "Done by hand");
    await close(second, "Merged in 1a2b3c4");
    t.match(convoys.get(id), { status: "open", state: "complete" }, "its owner lands it");
    await t.rejects(convoys.land("anna", id), {
      message: `${id} does not land: not merged: ${first} (${request.id}) (--force gives it up)`,
    });
    t.match(await convoys.land("anna", id, { dryRun: true }), {
      landed: false,
      against: [/not merged/],
      status: "open",
    });
    await write((writer) => writer.closing.close(request.id, { reason: "merged" }));
    t.match(await convoys.land("anna", id, { dryRun: true }), { landed: true, against: [], status: "open" });
    const landed = await convoys.land("anna", id);
    t.match(landed, {
      ...{ landed: true, status: "closed", close_reason: "All tracked issues completed" },
      worktrees: [
        { agent: "garden/polecats/toast", released: true },
        { agent: "garden/polecats/nux", released: false, why: "1 file is not committed" },
      ],
    });
    t.match(convoys.reads.landings(id), [
      {
        ...{ number: 1, who: "anna", forced: false },
        evidence: {
          beads: [
            { id: first, close_reason: "Done by hand" },
            { id: second, merged: "1a2b3c4" },
          ],
          mailed: ["anna"],
        },
      },
    ]);
    t.match(await convoys.land("anna", id), { landed: false }, "once");
    t.same(mail(), ["anna: Convoy closed: Before", "anna: Convoy landed: Gate"]);
    await convoys.add("anna", id, [await add()]);
    t.match(await convoys.land("anna", id, { force: true, keepWorktrees: true }), { landed: true, worktrees: [] });
    t.same(released, ["garden/polecats/toast", "garden/polecats/nux"]);
    t.equal(mail().at(-1), "anna: Convoy closed: Gate", "given up is not landed");
  },
);

t.test(
  "who is told: owner, notify, watchers once each; a name that cannot be written to keeps nothing open",
  async (t) => {
    const { convoys, add, close, beads, mail, nudged, write } = await testConvoys(t, { nudgeToo: () => "mayor/" });
    const bead = await add();
    const watchers = ["ben", "anna", "garden/crew/joe"];
    const { id } = await convoys.create("anna", {
      title: "Bench",
      beads: [bead],
      notify: "ben",
      watchers,
      merge: "mr",
      baseBranch: "dev",
      description: "For the garden",
    });
    await convoys.write("cleo", (writer) => writer.watch(id, "cleo"));
    await convoys.write("cleo", (writer) => writer.watch(id, "cleo"));
    await convoys.write("cleo", (writer) => writer.watch(id, "cleo", { nudge: true }));
    await convoys.write("cleo", (writer) => writer.watch(id, "garden/crew/joe", { off: true }));
    t.match(convoys.get(id), {
      watchers: ["ben", "anna", "cleo"],
      nudge_watchers: ["cleo"],
      description: "For the garden",
    });
    t.equal(
      beads.reads.get(id).description,
      "For the garden\n\nowner: anna\nnotify: ben\nmerge: mr\nbase_branch: dev\nwatchers: ben, anna, cleo\nnudge_watchers: cleo",
    );
    const text = `${beads.reads.get(id).description}\nNotify: a/*/b`;
    await write((writer) => writer.update(id, { description: text }));
    await close(bead);
    t.match(convoys.get(id), { status: "closed" });
    t.same(
      mail().map((line) => line.split(":")[0]),
      ["anna", "ben", "cleo"],
    );
    t.match(convoys.reads.landings(id), [{ evidence: { problems: [/no address/] } }]);
    t.same(
      nudged.map(({ to }) => to),
      ["cleo", "mayor/"],
    );
    await t.rejects(convoys.create("anna", { title: "x", watchers: ["a/*"] }), { code: "INPUT_INVALID" });
    await t.rejects(convoys.create("anna", { title: "x", merge: "soon" }), { code: "INPUT_INVALID" });
    await t.rejects(convoys.create("anna", { title: "x", baseBranch: "a\nowner: eve" }), { code: "INPUT_INVALID" });
    await t.rejects(convoys.create("anna", { title: "x", beads: ["hq-none"] }), { code: "BEAD_UNKNOWN" });
    t.throws(() => convoys.get(bead), { code: "CONVOY_REFUSED", message: /is no convoy but a task/ });
    const facts = { owner: "anna", merge: "local" as const, watchers: ["ben"] };
    t.same(readFacts(writeFacts("Note: this is text\nhttps://example.org", facts)), {
      facts,
      text: "Note: this is text\nhttps://example.org",
    });
  },
);

t.test("close: refused while something is open; a staged one is cancelled without a word", async (t) => {
  const { convoys, add, mail } = await testConvoys(t);
  const bead = await add();
  const { id } = await convoys.create("anna", { title: "Roof", beads: [bead] });
  await t.rejects(convoys.close("anna", id), {
    code: "CONVOY_REFUSED",
    message: new RegExp(`1 of 1 are open: ${bead}`),
  });
  t.match(await convoys.close("ben", id, { force: true, reason: "rain", notify: "cleo" }), {
    ...{ status: "closed", state: "cancelled", close_reason: "rain" },
  });
  t.match(await convoys.close("ben", id), { landings: 1 });
  t.same(mail(), ["anna: Convoy closed: Roof", "cleo: Convoy closed: Roof"]);
  const staged = await convoys.create("anna", { title: "Later", beads: [bead], status: "staged_ready" });
  t.match(await convoys.close("anna", staged.id), { status: "closed" });
  t.equal(mail().length, 2);
  await t.rejects(convoys.create("anna", { title: "In it", parent: staged.id }), { code: "CONVOY_REFUSED" });
});

t.test("a bead that no convoy tracks gets one of its own, in the transaction that hands it out", async (t) => {
  const { convoys, add, beads, close } = await testConvoys(t);
  const bead = await add({ title: "Fix the gate" });
  const id = await beads.write("mayor/", (writer) => convoys.autoFor(writer, bead));
  t.match(convoys.get(id), { title: "Work: Fix the gate", owner: "mayor/", tracked: [{ id: bead }] });
  t.equal(await beads.write("mayor/", (writer) => convoys.autoFor(writer, bead)), id);
  t.same(convoys.trackedBy(bead), [id]);
  await close(bead);
  const next = await beads.write("mayor/", (writer) => convoys.autoFor(writer, bead));
  t.not(next, id, "a closed one is over");
  await t.rejects(
    beads.write("mayor/", (writer) => {
      convoys.autoFor(writer, bead);
      convoys.autoFor(writer, "hq-none");
    }),
    { code: "BEAD_UNKNOWN" },
  );
});

t.test("a convoy's state is not changed behind its back by commands for beads", async (t) => {
  const { convoys, beads, write } = await testConvoys(t);
  const { id } = await convoys.create("anna", { title: "Roof" });
  const tries: readonly ((writer: BeadWriter) => unknown)[] = [
    (writer) => WRITES.close(writer, { ids: [id], force: true }),
    (writer) => WRITES.update(writer, { ids: [id], fields: { status: "closed" } }),
    (writer) => WRITES.update(writer, { ids: [id], claim: true }),
    (writer) => WRITES.claim(writer, { id }),
    (writer) => WRITES.reopen(writer, { ids: [id] }),
    (writer) => WRITES.legacy(writer, { call: "complete", id }),
    (writer) => WRITES.batch(writer, { lines: [`close ${id}`] }),
    (writer) => WRITES.batch(writer, { lines: [`update ${id} status=closed`] }),
  ];
  for (const attempt of tries) await t.rejects(write(attempt), { code: "BEAD_REFUSED", message: /is a convoy/ });
  t.equal(beads.reads.get(id).status, "open");
  await write((writer) => WRITES.update(writer, { ids: [id], fields: { priority: 0 }, addLabels: ["roof"] }));
  t.match(beads.reads.get(id), { priority: 0, labels: ["roof"] });
});
