import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { MIGRATIONS } from "./migrations/index.ts";

const ROOT = path.join(import.meta.dirname, "../../..");
const CREATED = /CREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?(\w+)/g;
const WRITTEN =
  /(?<![.\w])(?:INSERT (?:OR \w+ )?INTO|UPDATE(?: OR \w+)?|DELETE FROM|REPLACE INTO)\s+["`[]?(\w+)|\.(?:insertInto|updateTable|deleteFrom|replaceInto)\(\s*["'`](\w+)/gi;

/** The tables that a file writes. */
function writtenIn(text: string): string[] {
  return [...text.matchAll(WRITTEN)].map(([, sql, query]) => (sql ?? query ?? "").toLowerCase());
}

function folderOf(file: string): string {
  return file.split("/").slice(0, 3).join("/");
}

t.test("B3 each table has one owner: the only folder that writes it", async (t) => {
  t.same(writtenIn("sql.run(`update beads SET x = 1`)"), ["beads"]);
  t.same(writtenIn('DELETE FROM bead_edges; INSERT OR IGNORE INTO bead_labels; db.insertInto("rigs")'), [
    "bead_edges",
    "bead_labels",
    "rigs",
  ]);
  t.same(writtenIn("SELECT * FROM beads; sessions.goal.update sessions"), []);
  const tables = new Set(
    MIGRATIONS.flatMap(({ sql }) => [...String(sql).matchAll(CREATED)].map(([, name]) => String(name).toLowerCase())),
  );
  for (const known of ["beads", "bead_events", "convoy_landings", "rigs", "workspaces", "devices", "audit"]) {
    t.ok(tables.has(known), `${known} is among the ${tables.size} tables`);
  }
  const files = globSync("{protocol,hardware,node-agent,hub}/{src,bin}/**/*.{ts,mjs}", { cwd: ROOT });
  t.ok(files.length > 400, `${files.length} files looked at`);
  const owners = new Map<string, Set<string>>();
  for (const file of files) {
    if (file.startsWith("hub/src/store/migrations/") || /\.test\.ts$|\/testing[^/]*\.ts$/.test(file)) continue;
    for (const table of writtenIn(readFileSync(path.join(ROOT, file), "utf8"))) {
      if (tables.has(table)) owners.set(table, (owners.get(table) ?? new Set()).add(folderOf(file)));
    }
  }
  const owner = (table: string) => [...(owners.get(table) ?? [])];
  t.same(owner("beads"), ["hub/src/beads"]);
  t.same(owner("bead_edges"), ["hub/src/beads"]);
  t.same(owner("convoy_landings"), ["hub/src/convoys"]);
  t.same(owner("workspaces"), ["hub/src/workspaces"]);
  t.same(owner("rigs"), ["hub/src/rigs"]);
  const shared = [...owners].filter(([, folders]) => folders.size > 1);
  t.same(
    shared.map(([table, folders]) => `${table}: ${[...folders].join(", ")}`),
    [],
    "written by one folder each",
  );
});

t.test("B3 the layer of older words and calls holds nothing: no table, no file, no variable of its own", async (t) => {
  const files = globSync("hub/src/legacy/**/*.ts", { cwd: ROOT }).filter((file) => !file.endsWith(".test.ts"));
  t.ok(files.length > 5);
  for (const file of files) {
    const text = readFileSync(path.join(ROOT, file), "utf8");
    t.same(writtenIn(text), [], file);
    t.notMatch(text, /from "node:fs/, `${file} touches no file`);
    t.notMatch(text, /^(?:export )?(?:let|var) /m, `${file} keeps nothing between two calls`);
  }
});
