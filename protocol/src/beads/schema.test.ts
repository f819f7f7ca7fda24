import { readFileSync } from "node:fs";
import path from "node:path";
import { Value } from "@sinclair/typebox/value";
import t from "tap";
import { parseLine } from "./index.ts";
import type { BeadRecord } from "./record.ts";
import { type BeadLine, BeadRecordSchema } from "./schema.ts";

const FOLDER = path.join(import.meta.dirname, "../../../test/fixtures/beads");

t.test("the schema holds for every line of both published shapes, and refuses what the store refuses", async (t) => {
  for (const file of ["issues-real.jsonl", "issues-real-export2.jsonl"]) {
    const lines = readFileSync(path.join(FOLDER, file), "utf8").trimEnd().split("\n");
    const wrong = lines.flatMap((line) => {
      const [error] = [...Value.Errors(BeadRecordSchema, JSON.parse(line))];
      return error ? [`${error.path}: ${error.message}: ${line.slice(0, 40)}`] : [];
    });
    t.same(wrong, [], file);
    const named = new Set(Object.keys(BeadRecordSchema.properties));
    const unnamed = new Set(lines.flatMap((line) => Object.keys(JSON.parse(line))).filter((name) => !named.has(name)));
    t.same([...unnamed], [], `every member of ${file} is described`);
  }
  for (const bad of [
    {},
    { title: 1 },
    { title: "x", priority: 1.5 },
    { title: "x", labels: [1] },
    { title: "x", dependencies: [{}] },
    { title: "x", comments: [{ id: 1 }] },
    { title: "x", status: 3 },
  ]) {
    t.notOk(Value.Check(BeadRecordSchema, bad), JSON.stringify(bad));
    t.throws(() => parseLine(JSON.stringify(bad)), { code: "INPUT_INVALID" });
  }
  const bead: BeadLine = { id: "hq-1", title: "x", status: "open", priority: 0, issue_type: "task" };
  const record: Partial<BeadRecord> = bead as BeadLine & BeadRecord;
  t.equal(record.title, "x");
});
