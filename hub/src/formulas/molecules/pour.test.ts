import t from "tap";
import { checkBeads } from "../../beads/index.ts";
import { testFormulas } from "../testing.ts";
import { progressOf } from "./progress.ts";

const WORK = `
formula = "work"
description = "Do it\\nwell"
[vars.what]
required = true
[[steps]]
id = "design"
title = "Design {{what}}"
priority = 0
labels = ["a", "b"]
acceptance = "it is clear"
[[steps]]
id = "build"
title = "Build"
needs = ["design"]
[[steps.children]]
id = "left"
title = "Left"
[[steps.children]]
id = "right"
title = "Right"
needs = ["left"]
[[steps]]
id = "look"
title = "Look"
needs = ["design"]
assignee = "anna"
gate = { type = "human" }
[[steps]]
id = "ship"
title = "Ship"
needs = ["build", "look"]
gate = { type = "timer", timeout = "2h" }
`;

t.test("a formula is poured as one bead for each step, and the last one closes the molecule", async (t) => {
  const { pour, beads, store, ready, close, clock, changes } = await testFormulas(t);
  const task = await beads.write("anna", (writer) => writer.create({ title: "the gate" }).id);
  const { id, of } = await pour(WORK, { vars: { what: "the gate" }, attachTo: task });
  t.match(id, /^hq-mol-[0-9a-z]{5}$/);
  t.match(beads.reads.get(task), { attached_molecule: id, attached_formula: "work", attached_vars: ["what=the gate"] });
  t.match(beads.reads.get(id), {
    issue_type: "molecule",
    title: "Do it",
    source_formula: "work",
    description: "Do it\nwell",
  });
  t.match(beads.reads.get(of("design")), {
    id: `${id}.1`,
    ...{ title: "Design the gate", priority: 0, labels: ["a", "b"], acceptance_criteria: "it is clear", parent: id },
  });
  t.match(beads.reads.get(of("left")), { parent: of("build") });
  t.same(ready(), [of("design"), task]);
  const progress = () => progressOf(store, beads.reads, id);
  t.match(progress(), { total: 5, completed: 0, percent: 0, current_step_id: of("design"), attached_to: task });
  t.same(
    progress().steps.map(({ step, state }) => [step, state]),
    [
      ["design", "ready"],
      ["left", "pending"],
      ["right", "pending"],
      ["look", "pending"],
      ["ship", "pending"],
    ],
  );
  t.match(progress().gates, [
    { id: `${id}.gate-look`, await_type: "human" },
    { id: `${id}.gate-ship`, await_type: "timer" },
  ]);
  await close(of("design"));
  t.same(ready(), [of("left"), task]);
  t.equal(progress().steps.find(({ step }) => step === "look")?.state, "blocked", "by a gate, not by steps");
  await beads.write("anna", (writer) => writer.claims.claim(of("left")));
  t.match(progress(), { in_progress: 1, current_step_id: of("left"), completed: 1, percent: 20 });
  await close(of("left"));
  await close(of("right"));
  t.equal(beads.reads.get(of("build")).status, "closed", "a whole closes with its parts");
  await close(`${id}.gate-look`);
  await close(of("look"));
  t.same(ready(), [task], "the timer holds the last one");
  await clock.advance(2 * 3_600_000);
  await beads.checkGates();
  t.same(ready(), [of("ship"), task]);
  await close(of("ship"));
  t.match(beads.reads.get(id), { status: "closed", close_reason: "All steps closed" });
  t.match(progress(), { completed: 5, percent: 100, gates: [] });
  t.equal(progress().first_closed, beads.reads.get(of("design")).closed_at);
  t.same(checkBeads(store).drift, []);
  t.match(changes[0], { noun: "formulas", id, kind: "poured" });
});

t.test("everything of a molecule is made in one transaction, once for a key", async (t) => {
  const { formulas, beads, store } = await testFormulas(t);
  const cooked = await formulas.cook({ text: WORK, file: "w.toml" }, { vars: { what: "x" } });
  const count = () => Number(store.one("SELECT count(*) AS n FROM beads")?.n);
  await t.rejects(
    beads.write("anna", (writer) => {
      formulas.pour(writer, { cooked });
      writer.need("hq-none");
    }),
    { code: "BEAD_UNKNOWN" },
  );
  t.equal(count(), 0);
  const first = await beads.write("anna", (writer) => formulas.pour(writer, { cooked, key: "k" }));
  const before = count();
  const again = await beads.write("anna", (writer) => formulas.pour(writer, { cooked, key: "k" }));
  t.equal(count(), before);
  t.equal(again.id, first.id);
  t.same(again.steps.map(({ step }) => step).sort(), first.steps.map(({ step }) => step).sort());
});

t.test("what cannot be poured says so", async (t) => {
  const { formulas, beads } = await testFormulas(t);
  const template = await formulas.cook(
    { text: `formula = "x"\n[[steps]]\nid = "a"\ntitle = "A"\ncondition = "{{b}}"\n`, file: "x.toml" },
    { asTemplate: true },
  );
  await t.rejects(
    beads.write("anna", (writer) => formulas.pour(writer, { cooked: template })),
    {
      code: "FORMULA_INVALID",
      message: /cooked without values: steps.a.condition/,
    },
  );
  const expansion = await formulas.cook({ name: "second-look" });
  await t.rejects(
    beads.write("anna", (writer) => formulas.pour(writer, { cooked: expansion })),
    { message: /is an expansion/ },
  );
  await t.rejects(formulas.cook({ name: "worker-jobs" }), { code: "NOT_FOUND", message: /there are .*worker-job/ });
  await t.rejects(formulas.cook({ name: "../worker-job" }), { code: "NOT_FOUND" });
  await t.rejects(formulas.run("anna", expansion), { code: "FORMULA_INVALID", message: /expected a convoy/ });
});

t.test(
  "a convoy formula becomes a bead for each leg, one for the synthesis, and the convoy that tracks them",
  async (t) => {
    const { formulas, beads, ready, close } = await testFormulas(t);
    const cooked = await formulas.cook({ name: "code-review" }, { vars: { change: "main..fix" } });
    const { convoy, molecule, steps } = await formulas.run("anna", cooked, { key: "once" });
    t.same(await formulas.run("anna", cooked, { key: "once" }).then((again) => again.convoy), convoy);
    t.match(convoy, /^hq-cv-/);
    const tracked = (beads.reads.get(convoy).dependencies ?? []).filter(({ type }) => type === "tracks");
    t.equal(tracked.length, 7);
    const synthesis = steps.find(({ step }) => step === "synthesis")?.id ?? "";
    t.notOk(ready().includes(synthesis));
    t.equal(ready().length, 6);
    t.match(beads.reads.get(steps[0]?.id ?? ""), {
      title: "Does it do what it says: main..fix",
      description: /Review main..fix[\s\S]*Focus: Wrong results/,
      metadata: { part: "leg", review_only: true },
    });
    for (const { id, step } of steps) if (step !== "synthesis") await close(id);
    t.same(ready(), [synthesis]);
    await close(synthesis);
    t.equal(beads.reads.get(molecule).status, "closed");
  },
);
