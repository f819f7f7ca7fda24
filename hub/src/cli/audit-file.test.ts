import { writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import t from "tap";
import { GENESIS, hashOf } from "../audit/record.ts";
import type { AuditRecord } from "../services.ts";
import { verifyExport } from "./audit-file.ts";
import { temporaryHome } from "./testing.ts";

function chain(length: number): AuditRecord[] {
  const records: AuditRecord[] = [];
  for (let seq = 1; seq <= length; seq++) {
    const unhashed = {
      seq,
      at: 1000 + seq,
      kind: "decision" as const,
      principal: { kind: "operator" as const, id: "o" },
      subject: "gpio.write",
      data: { line: seq },
      previous: records.at(-1)?.hash ?? GENESIS,
    };
    records.push({ ...unhashed, hash: hashOf(unhashed) });
  }
  return records;
}

t.test("an export is checked without a hub", async (t) => {
  const file = path.join(temporaryHome(t.teardown.bind(t)), "audit.jsonl");
  const save = (records: readonly unknown[]): void =>
    writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  const records = chain(6);

  t.test("sound", async (t) => {
    save(records);
    t.same(await verifyExport(file), { ok: true, records: 6, head: records[5]?.hash });
  });

  t.test("any record that is changed, dropped or moved is named", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(4), fc.constantFrom("edit", "drop", "swap", "garbage"), async (i, how) => {
        const copy: unknown[] = structuredClone(records);
        const record = copy[i] as AuditRecord;
        if (how === "edit") copy[i] = { ...record, data: { line: 99 } };
        if (how === "drop") copy.splice(i, 1);
        if (how === "swap") copy.splice(i, 2, copy[i + 1], record);
        if (how === "garbage") copy[i] = "not a record";
        save(copy);
        const verdict = await verifyExport(file);
        return !verdict.ok && verdict.seq === i + 1 && verdict.records === i;
      }),
      { numRuns: 40 },
    );
  });

  t.test("a file that is not there is named", async (t) => {
    await t.rejects(verifyExport(`${file}.gone`), { code: "FILE_UNREADABLE", message: /gone/ });
  });
});
