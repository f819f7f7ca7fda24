import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import t from "tap";

const ROOT = path.join(import.meta.dirname, "../../..");
const TABLES = "rigs|workspaces|worktrees|git_events";
const WRITES = new RegExp(
  `(?:INSERT (?:OR \\w+ )?INTO|UPDATE(?: OR \\w+)?|DELETE FROM|REPLACE INTO)\\s+["\`[]?(?:${TABLES})\\b`,
  "gi",
);
const OWNERS = ["hub/src/rigs/", "hub/src/workspaces/", "hub/src/worktrees/"];

t.test("B3 nobody but their folders writes the tables of workspaces, rigs and worktrees", async (t) => {
  t.same("update rigs set x".match(WRITES), ["update rigs"]);
  t.same("SELECT * FROM rigs".match(WRITES), null);
  const writers = globSync("{protocol,hardware,node-agent,hub}/{src,bin}/**/*.{ts,mjs}", { cwd: ROOT }).filter(
    (file) => !file.endsWith(".test.ts") && readFileSync(path.join(ROOT, file), "utf8").match(WRITES) !== null,
  );
  t.same(
    writers.filter((file) => !OWNERS.some((owner) => file.startsWith(owner))),
    [],
  );
  for (const owner of OWNERS)
    t.ok(
      writers.some((file) => file.startsWith(owner)),
      owner,
    );
});
