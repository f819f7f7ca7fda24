import { readFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { checkBeads } from "./index.ts";
import { rowsOf, testBeads } from "./testing.ts";

const FOLDER = path.join(import.meta.dirname, "../../../test/fixtures/beads");

/** Computed independently; see the README beside the files. */
const FIGURES = [
  {
    ...{ file: "issues-real.jsonl", lines: 1600, open: 99, blocked: 11, ready: 60, withEphemeral: 76 },
    first: ["bd-jvwjr", "bd-8r9k9", "bd-r53nt"],
  },
  {
    ...{ file: "issues-real-export2.jsonl", lines: 392, open: 197, blocked: 154, ready: 13, withEphemeral: 33 },
    first: ["offlinebrew-3d0", "offlinebrew-3d0.1", "aap-4ar"],
  },
];

for (const { file, lines, open, blocked, ready, withEphemeral, first } of FIGURES) {
  t.test(`R3.4 ${file}: import, figures, byte-identical export, and once more`, async (t) => {
    const text = readFileSync(path.join(FOLDER, file), "utf8");
    const { beads, store, told } = await testBeads(t);
    const summary = await beads.import("anna", text.split("\n"));
    t.match(summary, { created: lines, updated: 0, older: [], repaired: [], problems: [] });
    t.equal(`${[...beads.export()].join("\n")}\n`, text);
    t.equal(beads.reads.count({ status: "open" }), open);
    t.equal(beads.reads.blocked().length, blocked);
    t.equal(beads.reads.readyCount(), ready);
    t.equal(beads.reads.ready({ limit: 0 }).length, ready);
    t.equal(beads.reads.readyCount({ includeEphemeral: true }), withEphemeral);
    t.same(
      beads.reads.ready({ limit: 3 }).map(({ id }) => id),
      first,
    );
    t.match(checkBeads(store), { beads: lines, ready, blocked, drift: [] });
    t.equal(told.length, lines);

    t.match(await beads.import("anna", text.split("\n")), { created: 0, updated: 0, unchanged: lines });
    t.equal(told.length, lines, "a second import is no change");

    const other = await testBeads(t);
    await other.beads.import("ben", beads.export());
    t.equal(`${[...other.beads.export()].join("\n")}\n`, text);
    t.same(rowsOf(other.store), rowsOf(store));
  });
}

t.test("every bead of both files can be read, changed and is then as it was but for the change", async (t) => {
  const { beads, store } = await testBeads(t);
  for (const { file } of FIGURES) {
    await beads.import("anna", readFileSync(path.join(FOLDER, file), "utf8").split("\n"));
  }
  const before = [...beads.export()].map((line) => JSON.parse(line));
  await beads.write("ben", (writer) => {
    for (const { id } of before) writer.update(id, { spec_id: "changed" });
  });
  const after = [...beads.export()].map((line) => JSON.parse(line));
  for (const [i, bead] of before.entries()) {
    const { updated_at: _, spec_id, ...rest } = after[i];
    const { updated_at: __, ...was } = bead;
    if (spec_id !== "changed" || JSON.stringify(rest) !== JSON.stringify(was)) t.same({ ...rest, spec_id }, was);
  }
  t.same(checkBeads(store).drift, []);
});
