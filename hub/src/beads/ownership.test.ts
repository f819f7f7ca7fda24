import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import t from "tap";

const ROOT = path.join(import.meta.dirname, "../../..");
const WRITES = /(?:INSERT (?:OR \w+ )?INTO|UPDATE(?: OR \w+)?|DELETE FROM|REPLACE INTO)\s+["`[]?(beads|bead_\w+)\b/i;

/** Where a file writes tables of beads. */
function writesOf(text: string): string[] {
  return [...text.matchAll(new RegExp(WRITES, "gi"))].map(([found]) => found);
}

t.test("B3 nobody but hub/src/beads writes the tables of beads", async (t) => {
  t.same(writesOf("sql.run(`update beads SET x = 1`)"), ["update beads"]);
  t.same(writesOf("DELETE FROM bead_edges; INSERT OR IGNORE INTO bead_labels"), [
    "DELETE FROM bead_edges",
    "INSERT OR IGNORE INTO bead_labels",
  ]);
  t.same(writesOf("SELECT * FROM beads"), []);
  const files = globSync("{protocol,hardware,node-agent,hub}/{src,bin}/**/*.{ts,mjs}", { cwd: ROOT });
  t.ok(files.length > 400, `${files.length} files looked at`);
  const own = files.filter((file) => file.startsWith("hub/src/beads/"));
  t.ok(
    own.some((file) => writesOf(readFileSync(path.join(ROOT, file), "utf8")).length > 0),
    "the owner does",
  );
  const others = files.filter((file) => !own.includes(file) && !file.startsWith("hub/src/store/migrations/"));
  const strangers = others.filter((file) => writesOf(readFileSync(path.join(ROOT, file), "utf8")).length > 0);
  t.same(strangers, []);
});
