import t from "tap";
import { readingOf } from "../../beads/operations/reads.ts";
import { FormulaLibrary } from "../library/library.ts";
import { testFormulas } from "../testing.ts";
import { bond } from "./bond.ts";
import { distill } from "./distill.ts";
import { moleculesOf } from "./lists.ts";
import { attach } from "./pour.ts";
import { currentMoleculeOf, moleculeOf, progressOf } from "./progress.ts";
import { burn, detach, squash } from "./remove.ts";
import { stepDone } from "./steps.ts";
import { makeTemplate } from "./template.ts";
import { expired } from "./wisps.ts";

const HOUR_MS = 3_600_000;
const STEPS = `
formula = "patrol"
phase = "vapor"
[[steps]]
id = "look"
title = "Look around"
[[steps]]
id = "mend"
title = "Mend"
needs = ["look"]
[[steps.children]]
id = "mend.one"
title = "Mend one"
[[steps]]
id = "tell"
title = "Tell"
needs = ["mend"]
`;

t.test("a wisp is one bead with a checklist; its last step closes it", async (t) => {
  const { pour, beads, store, ready } = await testFormulas(t);
  const { id } = await pour(STEPS);
  t.match(id, /^hq-wisp-[0-9a-z]{5}$/);
  t.match(beads.reads.get(id), { ephemeral: true, issue_type: "molecule" });
  t.equal(Number(store.one("SELECT count(*) AS n FROM beads")?.n), 1);
  const done = (step: string, force = false) => beads.write("max", (writer) => stepDone(writer, { id, step, force }));
  const states = () => progressOf(store, beads.reads, id).steps.map(({ step, state }) => `${step} ${state}`);
  t.same(states(), ["look ready", "mend.one pending", "tell pending"]);
  await t.rejects(done("tell"), { code: "BEAD_REFUSED", message: /it needs mend first/ });
  await t.rejects(done("nothing"), { code: "NOT_FOUND", message: /there are look, mend.one, tell/ });
  await done("look");
  await done("look");
  t.same(states(), ["look done", "mend.one ready", "tell pending"]);
  await done("mend.one");
  t.match(progressOf(store, beads.reads, id), {
    kind: "wisp",
    completed: 2,
    total: 3,
    percent: 66,
    current_step_id: "tell",
  });
  await done("tell");
  t.match(beads.reads.get(id), { status: "closed", close_reason: "All steps done" });
  t.same(ready(), []);
});

t.test("a wisp is squashed to a digest, or burned without one; a kept molecule only by force", async (t) => {
  const { pour, beads, store } = await testFormulas(t);
  const task = await beads.write("anna", (writer) => writer.create({ title: "T" }).id);
  const first = await pour(STEPS, { attachTo: task, rootOnly: false });
  t.match(beads.reads.get(first.of("look")), { ephemeral: true });
  await t.rejects(
    beads.write("a", (writer) => squash(writer, first.id)),
    { message: /is not done: look, mend.one, tell/ },
  );
  await beads.write("a", (writer) => stepDone(writer, { id: first.of("look") }));
  const { digest, removed } = await beads.write("a", (writer) =>
    squash(writer, first.id, { summary: "All quiet", force: true }),
  );
  t.equal(removed.length, 5);
  t.match(beads.reads.get(digest), {
    ...{ status: "closed", title: /^Digest/, labels: ["digest"] },
    description: "All quiet\n\n- [x] Look around\n- [ ] Mend one\n- [ ] Tell",
    metadata: { digest: { of: first.id, completed: 1, total: 3 } },
  });
  t.equal(beads.reads.get(task).attached_molecule, digest);
  t.equal(Number(store.one("SELECT count(*) AS n FROM beads")?.n), 2);

  const second = await pour(STEPS, { attachTo: task });
  await beads.write("a", (writer) => burn(writer, second.id));
  t.equal(beads.reads.find(second.id), undefined);
  t.equal(beads.reads.get(task).attached_molecule, undefined);
  t.same(store.all("SELECT * FROM formula_wisps"), []);

  const kept = await pour(STEPS, { kind: "molecule" });
  for (const no of [burn, squash]) {
    await t.rejects(
      beads.write("a", (writer) => void no(writer, kept.id)),
      { code: "BEAD_REFUSED", message: /is kept as it is/ },
    );
  }
  await t.rejects(
    beads.write("a", (writer) => burn(writer, task)),
    { message: /is no molecule/ },
  );
  await beads.write("a", (writer) => burn(writer, kept.id, { force: true }));
  t.equal(beads.reads.get(kept.of("look")).status, "tombstone");
});

t.test("wisps are kept as long as their class says, and while the bead that they are for is open", async (t) => {
  const { formulas, beads, clock, store, changes } = await testFormulas(t);
  const cooked = await formulas.cook({ text: STEPS, file: "p.toml" });
  const make = (wispClass: "heartbeat" | "patrol" | "error", attachTo?: string) =>
    formulas.write("a", "poured", (writer) => formulas.pour(writer, { cooked, wispClass, attachTo }));
  const task = await beads.write("anna", (writer) => writer.create({ title: "T" }).id);
  const { id: beat } = await make("heartbeat");
  const { id: patrol } = await make("patrol");
  const { id: error } = await make("error");
  const { id: used } = await make("heartbeat", task);
  const left = () => [beat, patrol, error, used].filter((id) => beads.reads.find(id)).length;
  const settled = async () => {
    await clock.advance(1);
    for (let n = 0; expired(store, clock.now()).length > 0 && n < 200; n++) {
      await new Promise(setImmediate);
      await clock.advance(1);
    }
  };
  await clock.advance(6 * HOUR_MS - 1);
  t.equal(left(), 4);
  await settled();
  t.notOk(beads.reads.find(beat));
  t.equal(left(), 3, "what is used stays");
  await clock.advance(18 * HOUR_MS);
  await settled();
  t.notOk(beads.reads.find(patrol));
  await beads.write("anna", (writer) => writer.closing.close(task));
  await clock.advance(7 * 24 * HOUR_MS);
  await settled();
  t.equal(left(), 0);
  t.same(
    changes
      .filter(({ kind }) => kind === "expired")
      .map(({ id }) => id)
      .sort(),
    [beat, error, patrol, used].sort(),
  );
});

t.test(
  "two molecules are bonded: one after the other, side by side, or the second only if the first fails",
  async (t) => {
    const { pour, beads, ready, close } = await testFormulas(t);
    const one = `formula = "one"\n[[steps]]\nid = "s"\ntitle = "S"\n`;
    const join = async (kind: "sequential" | "parallel" | "conditional") => {
      const [a, b] = [await pour(one), await pour(one)];
      const made = await beads.write("a", (writer) => bond(writer, a.id, b.id, kind));
      return { a: a.of("s"), b: b.of("s"), made, first: a.id };
    };
    const sequential = await join("sequential");
    t.same(ready(), [sequential.a]);
    t.match(beads.reads.get(sequential.made.id), { bonded_from: [{ bond_type: "sequential" }, {}] });
    await close(sequential.a);
    t.same(ready(), [sequential.b]);
    await close(sequential.b);
    t.equal(beads.reads.get(sequential.made.id).status, "closed");
    const parallel = await join("parallel");
    t.same(ready().sort(), [parallel.a, parallel.b].sort());
    await close(parallel.a);
    await close(parallel.b);
    const conditional = await join("conditional");
    t.same(ready(), [conditional.a]);
    await beads.write("a", (writer) => {
      writer.closing.close(conditional.first, { force: true, reason: "failed: no oil" });
      writer.closing.close(conditional.a, { reason: "failed" });
    });
    t.same(ready(), [conditional.b]);
    await t.rejects(
      beads.write("a", (writer) => bond(writer, conditional.first, parallel.first, "parallel")),
      { message: /is closed/ },
    );
    const alone = await pour(one);
    await t.rejects(
      beads.write("a", (writer) => bond(writer, alone.id, alone.id, "parallel")),
      { message: /to itself/ },
    );
  },
);

t.test("work that was done becomes a formula that makes the same work", async (t) => {
  const { formulas, pour, beads } = await testFormulas(t);
  const epic = await beads.write("anna", (writer) => {
    const { id } = writer.create({ title: 'Gate "north"', issue_type: "epic", description: "The gate in the north" });
    const oil = writer.create({ title: "Oil the north gate!", parent: id, priority: 0, labels: ["x"] }).id;
    const part = writer.create({
      title: "Paint",
      parent: id,
      dependencies: [{ on: oil }],
      description: "a\nb\u007f",
    }).id;
    writer.create({ title: "Paint", parent: part, issue_type: "bug", acceptance_criteria: "dry" });
    return id;
  });
  const text = distill(beads.reads, epic, "gate", { which: "north" });
  const cooked = await formulas.cook({ text, file: "gate.toml" }, { vars: { which: "south" } });
  t.match(cooked.steps, [
    { id: "oil-the-north-gate", title: "Oil the south gate!", priority: 0, labels: ["x"] },
    { id: "paint", needs: ["oil-the-north-gate"], description: "a\nb\u007f" },
    { id: "paint-2", parent: "paint", type: "bug", acceptance: "dry" },
  ]);
  t.equal(cooked.description, "The gate in the south");
  const { id } = await pour(text, { vars: { which: "south" } });
  t.equal(beads.reads.children(id).length, 2);
  t.throws(() => distill(beads.reads, beads.reads.children(epic)[0]?.id ?? "", "x"), { code: "BEAD_REFUSED" });
});

t.test(
  "molecules are found by their steps, by the bead they are for, by who works on them; lists say what waits",
  async (t) => {
    const { pour, beads, store, clock, close } = await testFormulas(t);
    const task = await beads.write("anna", (writer) => writer.create({ title: "T" }).id);
    const { id, of } = await pour(
      `formula = "g"\n[[steps]]\nid = "a"\ntitle = "A"\ngate = { type = "human" }\n[[steps]]\nid = "b"\ntitle = "B"\n`,
    );
    await beads.write("anna", (writer) => attach(writer, task, id, { formula: "g", vars: {} }));
    for (const part of [id, of("a"), task, id.slice(7)]) t.equal(moleculeOf(beads.reads, part), id, part);
    t.equal(currentMoleculeOf(store, beads.reads, "max"), undefined);
    await beads.write("max", (writer) => writer.claims.claim(task));
    t.equal(currentMoleculeOf(store, beads.reads, "max"), id);
    const reading = { ...readingOf(store, () => clock.now()), stateDir: store.stateDir };
    const rows = (query: Parameters<typeof moleculesOf>[1]) =>
      moleculesOf(reading, query).map((row) => row.molecule_id);
    t.same(rows({}), [id]);
    t.same(rows({ gated: true }), []);
    await close(`${id}.gate-a`);
    t.same(rows({ gated: true }), [id]);
    t.same(rows({ kind: "wisp" }), []);
    t.same(rows({ formula: "other" }), []);
    t.same(rows({ staleMs: HOUR_MS }), []);
    await clock.advance(2 * HOUR_MS);
    t.same(rows({ staleMs: HOUR_MS }), [id]);
    t.equal(await beads.write("a", (writer) => detach(writer, task)), id);
    t.throws(() => moleculeOf(beads.reads, task), { code: "BEAD_REFUSED", message: /no molecule/ });
    await close(of("a"));
    await close(of("b"));
    t.same(rows({}), []);
    t.same(rows({ state: "closed" }), [id]);
  },
);

t.test("a template stays as it was made, whatever becomes of its file", async (t) => {
  const { formulas, beads } = await testFormulas(t);
  const text = `formula = "t"\n[vars.x]\nrequired = true\n[[steps]]\nid = "s"\ntitle = "S {{x}}"\nexpand = "second-look"\n`;
  const dir = new URL("../builtin", import.meta.url).pathname;
  const library = new FormulaLibrary({ formulas: [{ place: "builtin", dir }], overlays: [] });
  const cooked = library.cook({ text, file: "t.toml" }, { asTemplate: true });
  const { id } = await beads.write("a", (writer) => makeTemplate(writer, cooked, library.texts()));
  t.match(beads.reads.get(id), { is_template: true, issue_type: "molecule" });
  await t.rejects(formulas.cook({ name: id }), { code: "FORMULA_INVALID", message: /vars.x: it is required/ });
  const again = await formulas.cook({ name: id }, { vars: { x: "y" } });
  t.same(
    again.steps.map(({ title }) => title),
    ["S y: first version", "S y: what is wrong with it", "S y: better version"],
  );
  await t.rejects(
    beads.write("a", (writer) => writer.closing.close(id, { force: true })),
    { message: /template/ },
  );
  const plain = await beads.write("a", (writer) => writer.create({ title: "x" }).id);
  await t.rejects(formulas.cook({ name: plain }), { code: "BEAD_REFUSED", message: /no template/ });
});
