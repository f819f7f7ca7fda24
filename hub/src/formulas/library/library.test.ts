import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { FakeClock } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { temporaryStore } from "../../store/testing.ts";
import { FormulaLibrary } from "./library.ts";
import { placesOf } from "./places.ts";

const formula = (name: string, title: string) =>
  `formula = "${name}"\n[[steps]]\nid = "a"\ntitle = "${title}"\ndescription = "A"\n[[steps]]\nid = "b"\ntitle = "B"\nneeds = ["a"]\n[[steps]]\nid = "c"\ntitle = "C"\nneeds = ["b"]\n`;

/** A store with two workspaces, the first with a rig. */
async function town(t: Test) {
  const store = await temporaryStore(t, new FakeClock(0));
  const root = t.testdir({});
  const insert = "INSERT INTO workspaces (name, path, created_at, created_by) VALUES (?, ?, 0, 'a')";
  await store.commit(() => {
    store.run(insert, "work", path.join(root, "work"));
    store.run(insert, "play", path.join(root, "play"));
    store.run(
      `INSERT INTO rigs (name, workspace, prefix, url, default_branch, state, added_at, added_by)
       VALUES ('garden', 'work', 'ga', 'x', 'main', 'active', 0, 'a')`,
    );
  });
  const put = (dir: string, file: string, text: string) => {
    mkdirSync(path.join(dir), { recursive: true });
    writeFileSync(path.join(dir, file), text);
  };
  const library = (rig?: string) => new FormulaLibrary(placesOf(store, store.stateDir, rig));
  return { store, root, put, library };
}

t.test("the rig's formula wins over the workspace's, the user's and our own", async (t) => {
  const { store, root, put, library } = await town(t);
  const title = (rig?: string) =>
    library(rig).cook({ name: "worker-job" }, { vars: rig === "own" ? { bead: "x" } : {} }).steps[0]?.title;
  t.throws(() => title(), { code: "FORMULA_INVALID" }, "ours wants a bead");
  const dirs = [
    [path.join(store.stateDir, "formulas"), "user"],
    [path.join(root, "work/.beads/formulas"), "workspace, the other directory"],
    [path.join(root, "work/formulas"), "workspace"],
    [path.join(root, "work/garden/formulas"), "rig"],
  ] as const;
  for (const [dir, name] of dirs) {
    put(dir, "worker-job.formula.toml", formula("worker-job", name));
    t.equal(title("garden"), name);
  }
  t.equal(title(), "workspace", "no rig is meant");
  put(
    path.join(root, "play/formulas"),
    "only.formula.json",
    `{"formula": "only", "steps": [{"id": "a", "title": "A"}]}`,
  );
  t.match(
    library()
      .list()
      .find(({ name }) => name === "only"),
    { place: "workspace", steps: 1 },
  );
  t.notOk(
    library("garden")
      .list()
      .some(({ name }) => name === "only"),
    "another workspace's",
  );
  t.equal(
    library("garden")
      .list()
      .find(({ name }) => name === "worker-job")?.place,
    "rig",
  );
});

t.test(
  "a file that cannot be read, or is called otherwise, says so in the list and where it is asked for",
  async (t) => {
    const { store, put, library } = await town(t);
    const dir = path.join(store.stateDir, "formulas");
    put(dir, "bad.formula.toml", "formula = 3\n");
    put(dir, "named.formula.toml", formula("other", "A"));
    const problems = Object.fromEntries(
      library()
        .list()
        .map(({ name, problem }) => [name, problem]),
    );
    t.match(problems.bad, /bad.formula.toml:1: formula: expected a name/);
    t.match(problems.named, /named.formula.toml:1: formula: expected "named" as the file is called, found "other"/);
    t.equal(problems["worker-job"], undefined);
    mkdirSync(path.join(dir, "dir.formula.toml"));
    t.throws(() => library().find("dir"), { code: "FILE_UNREADABLE" });
  },
);

t.test("an overlay changes texts and skips steps; the rig's stands in the place of the workspace's", async (t) => {
  const { store, root, put, library } = await town(t);
  put(path.join(store.stateDir, "formulas"), "f.formula.toml", formula("f", "A"));
  const overlay = `[[step-overrides]]\nstep_id = "a"\nmode = "append"\ndescription = "and more"\n[[step-overrides]]\nstep_id = "b"\nmode = "skip"\n`;
  put(path.join(root, "work/formula-overlays"), "f.toml", overlay);
  const cooked = (rig?: string) => library(rig).cook({ name: "f" }).steps;
  t.match(cooked(), [
    { id: "a", description: "A\n\nand more" },
    { id: "c", needs: ["a"] },
  ]);
  put(
    path.join(root, "work/garden/formula-overlays"),
    "f.toml",
    `[[step-overrides]]\nstep_id = "c"\nmode = "replace"\ndescription = "only this"\n`,
  );
  t.match(cooked("garden"), [{ description: "A" }, { id: "b" }, { description: "only this" }]);
  put(
    path.join(root, "work/garden/formula-overlays"),
    "f.toml",
    `[[step-overrides]]\nstep_id = "zz"\nmode = "replace"\n`,
  );
  t.throws(() => cooked("garden"), {
    code: "FORMULA_INVALID",
    message: /f.toml:1: step-overrides.zz.description: it is missing/,
  });
  put(path.join(root, "work/garden/formula-overlays"), "f.toml", `[[step-overrides]]\nstep_id = "zz"\nmode = "skip"\n`);
  t.throws(() => cooked("garden"), { message: /f.toml:2: step-overrides.zz: no step has the id "zz"/ });
});

t.test("our own formulas can all be cooked", async (t) => {
  const { library } = await town(t);
  const own = library()
    .list()
    .filter(({ place }) => place === "builtin");
  t.ok(own.length >= 5);
  for (const { name, problem } of own) {
    t.equal(problem, undefined, name);
    t.ok(library().cook({ name }, { asTemplate: true }).steps.length >= (name === "tested" ? 0 : 1), name);
  }
});
