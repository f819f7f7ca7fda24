import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import type { MoleculeView, Poured } from "../../formulas/index.ts";
import { capturedIo, runCli, temporaryHome } from "../testing.ts";

const LOOP = `
formula = "loop"
vars = { what = "it" }
[[steps]]
id = "try"
loop = { until = "look.output.ok == true", max = 3, body = [{ id = "look", title = "Look at {{what}} {i}" }] }
[[steps]]
id = "end"
title = "End"
needs = ["try"]
`;

/** The command line beside a state directory without a hub. */
function desk(t: Test) {
  const home = temporaryHome((fn) => t.teardown(fn));
  const cli = (...argv: string[]) => runCli(argv, capturedIo({ home, env: { BARNACLE_ACTOR: "anna" } }));
  const json = async <T>(...argv: string[]): Promise<T> => {
    const { code, out, err } = await cli(...argv, "--json");
    if (code !== 0) throw new TypeError(`${argv.join(" ")}: ${err}`);
    return JSON.parse(out) as T;
  };
  const file = (name: string, text: string) => {
    writeFileSync(path.join(home, name), text);
    return path.join(home, name);
  };
  return { home, cli, json, file };
}

t.test("formulas from the command line without a hub: list, show, check, cook", async (t) => {
  const { cli, json, file } = desk(t);
  await json("bead", "create", "x");
  t.match(await json("formula", "list"), [
    { name: "code-review", type: "convoy", place: "builtin" },
    {},
    {},
    {},
    { name: "worker-job" },
  ]);
  t.match(await json("formula", "show", "worker-job"), {
    vars: [{ name: "bead", required: true }, {}],
    cooked: { steps: { length: 5 } },
  });
  t.match((await cli("formula", "show", "feature")).out, /\{\{goal\}\} {2}required/);
  t.match(await json("formula", "check"), [{ ok: true }, { ok: true }, { ok: true }, { ok: true }, { ok: true }]);
  const wrong = file("wrong.formula.toml", `formula = "wrong"\n[[steps]]\nid = "a"\nneeds = ["b"]\npriority = 9\n`);
  const checked = await cli("formula", "check", wrong);
  t.match(checked, {
    code: 1,
    out: /wrong.formula.toml:2: steps.a.title: it is missing/,
    err: /1 of 1 formulas are not valid/,
  });
  t.match(checked.out, /wrong.formula.toml:5: steps.a.priority: expected 0/);
  t.match(JSON.parse((await cli("formula", "show", "none", "--json")).err), {
    error: { code: "NOT_FOUND", hint: /formula list/ },
  });
  t.match(await json("cook", "feature"), {
    open: ["goal"],
    steps: [{ id: "design", title: "Design: {{goal}}" }, {}, {}, {}, {}],
  });
  t.match(await json("cook", "feature", "--var", "goal=x", "--var", "review=false"), { steps: { length: 4 } });
  t.match(await cli("cook", "feature", "--mode", "runtime"), { code: 1, err: /vars.goal: it is required/ });
  t.match(await cli("cook", "feature", "--mode", "raw"), { code: 2, err: /expected compile or runtime/ });
  t.match(await cli("cook", "feature", "--var", "goal"), { code: 2, err: /expected name=value/ });
  t.match((await cli("cook", "worker-job")).out, /implement {2}Do \{\{bead\}\} {2}after understand/);
});

t.test("molecules from the command line without a hub: pour, steps, loops, wisps, their ends", async (t) => {
  const { home, cli, json, file } = desk(t);
  const loop = file("loop.formula.toml", LOOP);
  const bead = (await json<{ id: string }>("bead", "create", "the gate")).id;
  t.match(await json("mol", "pour", loop, "--dry-run"), {
    steps: [{ id: "try.iter1.look" }, { id: "try" }, { id: "end" }],
  });
  const made = await json<Poured>("mol", "pour", loop, "--var", "what=gate", "--for", bead, "--key", "once");
  t.equal((await json<Poured>("mol", "pour", loop, "--key", "once")).id, made.id);
  const [look] = made.steps;
  t.match(await json("mol", "step", "done", look?.id ?? "", "--output", '{"ok": false}'), { completed: 1, total: 3 });
  const ready = await json<{ id: string; title: string }[]>("ready");
  t.match(ready[0], { title: "Look at gate 2" });
  await json("bead", "claim", bead);
  t.match(await json("mol", "current"), { molecule_id: made.id, current_step_id: ready[0]?.id });
  t.match((await cli("mol", "current")).out, /○ .*Look at gate 2/);
  await json("mol", "step", "done", ready[0]?.id ?? "", "--output", '{"ok": true}');
  const last = await json<MoleculeView>("mol", "step", "done", bead, "end");
  t.match(last, { status: "closed", completed: 3, percent: 100 });
  t.match(await json("mol", "list", "--state", "all"), [{ molecule_id: made.id, formula: "loop" }]);
  t.same(await json("mol", "list"), []);

  const wisp = await json<Poured>(
    "mol",
    "wisp",
    "worker-job",
    "--var",
    `bead=${bead}`,
    "--for",
    bead,
    "--type",
    "patrol",
  );
  t.match(wisp, { kind: "wisp", steps: [] });
  t.match(await cli("mol", "step", "done", wisp.id, "prove"), { code: 1, err: /it needs implement first/ });
  t.match(await json("mol", "step", "done", wisp.id, "understand"), { completed: 1, current_step_id: "implement" });
  t.match(await cli("mol", "squash", wisp.id), { code: 1, err: /is not done/ });
  const { digest } = await json<{ digest: string }>("mol", "squash", wisp.id, "--summary", "half", "--force");
  t.match(await json("bead", "show", digest), [{ status: "closed", description: /half/ }]);
  const template = await json<{ id: string }>("cook", "feature", "--persist");
  const bonded = await json<{ id: string; parts: string[] }>("mol", "bond", template.id, "feature", "--var", "goal=x");
  t.equal(bonded.parts.length, 2);
  t.match(await json("mol", "detach", bead), { detached: digest });
  t.match(await json("mol", "attach", bead, bonded.parts[0] ?? ""), { attached_to: bead });
  t.match(await json("mol", "burn", bonded.parts[0] ?? "", "--force"), { removed: { length: 6 } });
  const out = path.join(home, "again.formula.toml");
  await json("mol", "distill", bonded.parts[1] ?? "", "again", "--var", "what=x", "-o", out);
  t.match(readFileSync(out, "utf8"), /formula = "again"[\s\S]*title = "Design: \{\{what\}\}"/);
  t.match(await json("formula", "check", out), [{ ok: true, formula: "again" }]);
  t.match(await json("formula", "run", "code-review", "--var", "change=a..b"), {
    convoy: /^hq-cv-/,
    steps: { length: 7 },
  });
  t.match(await json("mol", "gc"), { expired: [] });
  t.match(await json("mol", "stale"), []);
  t.match(await json("mol", "ready"), []);
});
