import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { testFormulas } from "../testing.ts";
import { nowHolds, parseRuntimeCondition } from "./condition.ts";

const LOOP = `
formula = "loop"
[[steps]]
id = "mend"
title = "Mended?"
[steps.loop]
until = "review.output.approved == true"
max = 3
[[steps.loop.body]]
id = "draft"
title = "Draft {i}"
[[steps.loop.body]]
id = "review"
title = "Review {i}"
needs = ["draft"]
[[steps]]
id = "ship"
title = "Ship"
needs = ["mend"]
`;

t.test("a loop runs until its condition holds, one round after the other", async (t) => {
  const { pour, beads, ready, close } = await testFormulas(t);
  const { id, of } = await pour(LOOP);
  const titles = () => ready().map((one) => beads.reads.get(one).title);
  await close(of("mend.iter1.draft"));
  await close(of("mend.iter1.review"), { approved: false });
  t.same(titles(), ["Draft 2"]);
  await close(ready()[0] ?? "");
  t.same(titles(), ["Review 2"]);
  await close(ready()[0] ?? "", { approved: true });
  t.same(titles(), ["Ship"]);
  t.match(beads.reads.get(`${id}.gate-mend`), { status: "closed", close_reason: /Condition met/ });
  await close(of("ship"));
  t.equal(beads.reads.get(id).status, "closed");
});

t.test("a loop that does not come to its end asks people, and nothing after it starts", async (t) => {
  const { pour, beads, ready, close } = await testFormulas(t);
  const { id } = await pour(LOOP);
  for (let round = 1; round <= 3; round++) {
    await close(ready()[0] ?? "");
    await close(ready()[0] ?? "", { approved: "no" });
  }
  t.same(ready(), []);
  const gate = `${id}.gate-mend`;
  t.match(beads.reads.get(gate), {
    status: "open",
    labels: ["human"],
    comments: [{ text: /does not hold after 3 rounds/ }],
  });
  await close(gate);
  t.match(beads.reads.get(ready()[0] ?? "").title, "Ship");
});

t.test("something is made for each item of what a step gave, before its molecule can close", async (t) => {
  const { pour, beads, ready, close, store } = await testFormulas(t);
  mkdirSync(path.join(store.stateDir, "formulas"), { recursive: true });
  writeFileSync(
    path.join(store.stateDir, "formulas/one.formula.toml"),
    `formula = "one"\nvars = { name = "", n = "" }\n[[steps]]\nid = "do"\ntitle = "Do {{name}} ({{n}})"\n`,
  );
  for (const sequential of [true, false]) {
    const { id, of } = await pour(`
formula = "items"
[[steps]]
id = "find"
title = "Find"
on_complete = { for_each = "output.list", bond = "one", vars = { name = "{item.name}", n = "{index}" }, sequential = ${sequential} }
[[steps]]
id = "after"
title = "After all"
needs = ["find"]
waits_for = "all-children"
`);
    await close(of("find"), { list: [{ name: "a" }, { name: "b" }] });
    const titles = () =>
      ready()
        .map((one) => beads.reads.get(one).title)
        .sort();
    t.same(titles(), sequential ? ["Do a (0)"] : ["Do a (0)", "Do b (1)"]);
    t.notOk(ready().includes(of("after")));
    for (let n = 0; n < 2; n++) await close(ready()[0] ?? "");
    t.same(titles(), ["After all"], "it waited for the items");
    await close(of("after"));
    t.equal(beads.reads.get(id).status, "closed");
  }
  const { id, of } = await pour(
    `formula = "none"\n[[steps]]\nid = "find"\ntitle = "F"\non_complete = { for_each = "output.x", bond = "one" }\n`,
  );
  await close(of("find"), { list: [] });
  t.match(beads.reads.get(`${id}.gate-find-items`), {
    status: "open",
    comments: [{ text: /gave no list as output.x/ }],
  });
});

t.test("gates of a molecule look at steps, children, files and the environment", async (t) => {
  const filesBelow = path.join(t.testdir({ in: { "there.txt": "" }, "outside.txt": "" }), "in");
  const { pour, ready, close, beads, formulas, clock } = await testFormulas(t, {
    filesBelow,
    env: { BARNACLE_FORMULA_GO: "yes", SECRET: "yes" },
  });
  const gated = (condition: string) => `
formula = "gated"
[[steps]]
id = "a"
title = "A"
[[steps]]
id = "b"
title = "B"
gate = { type = "condition", await_id = ${JSON.stringify(condition)} }
`;
  for (const [condition, holds] of [
    ["file.exists('there.txt')", true],
    ["file.exists('../outside.txt')", false],
    ["file.exists('/etc/passwd')", false],
    ["env.BARNACLE_FORMULA_GO == 'yes'", true],
    ["env.SECRET == 'yes'", false],
    ["a.status == 'pending'", true],
    ["a.status == 'complete'", false],
    ["a.output.n == 2", false],
  ] as const) {
    const { id, of } = await pour(gated(condition));
    t.equal(ready().includes(of("b")), holds, condition);
    await close(of("a"), { n: 2 });
    const after = holds || condition.startsWith("a.");
    t.equal(ready().includes(of("b")), after, `${condition} after a`);
    if (after) await close(of("b"));
    else await beads.write("anna", (writer) => writer.delete(`${id}.gate-b`));
  }
  const { of } = await pour(gated("file.exists('late.txt')"));
  t.notOk(ready().includes(of("b")));
  writeFileSync(path.join(filesBelow, "late.txt"), "");
  await clock.advance(30_000);
  await formulas.check();
  t.ok(ready().includes(of("b")));
});

t.test("a step that is closed by force leaves no gate behind", async (t) => {
  const { pour, beads, formulas } = await testFormulas(t);
  const { id, of } = await pour(`formula = "f"\n[[steps]]\nid = "a_b"\ntitle = "A"\ngate = { type = "human" }\n`);
  t.equal(beads.reads.get(`${id}.gate-a-b`).issue_type, "gate");
  await beads.write("anna", (writer) => writer.closing.close(of("a_b"), { force: true }));
  await formulas.settle(id);
  t.match(beads.reads.get(id), { status: "closed" });
});

t.test("conditions have six forms", async (t) => {
  for (const wrong of [
    "",
    "a",
    "a == 1",
    "a.status",
    "a.status = 'x'",
    "file.exists()",
    "children(a).some(status == 'x')",
  ]) {
    t.equal(parseRuntimeCondition(wrong), undefined, wrong);
  }
  const facts = {
    status: (step: string) => ({ a: "complete", b: "failed" })[step],
    output: () => ({ deep: { list: [1], yes: true } }),
    children: (step: string) => (step === "a" ? ["complete", "failed"] : []),
    fileExists: (file: string) => file === "x y",
    env: () => undefined,
  };
  for (const [text, holds] of [
    ["a.status == 'complete'", true],
    ["b.status != 'complete'", true],
    ["zz.status == 'complete'", false],
    ["a.output.deep.yes == true", true],
    ["a.output.deep.no == true", false],
    ["children(a).all(status == 'complete')", false],
    ["children(a).any(status == 'complete')", true],
    ["children(none).all(status == 'complete')", true],
    [`file.exists("x y")`, true],
    ["env.X == 'y'", false],
    ["env.X != 'y'", true],
  ] as const) {
    const condition = parseRuntimeCondition(text);
    t.equal(condition && nowHolds(condition, facts), holds, text);
  }
});
