import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { GENESIS, hashOf } from "../audit/record.ts";
import type { AuditRecord } from "../services.ts";

export type FileVerdict =
  | { readonly ok: true; readonly records: number; readonly head: string }
  | { readonly ok: false; readonly records: number; readonly seq: number; readonly problem: string };

/**
 * Checks an export without a hub: every line's hash, and that each record follows the one before. A cut tail cannot be seen
 * from the file alone; compare `head` with the hub's own.
 * @throws FILE_UNREADABLE
 */
export async function verifyExport(file: string): Promise<FileVerdict> {
  let previous = GENESIS;
  let seq = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Infinity })) {
      if (line === "") continue;
      const problem = problemIn(line, seq + 1, previous);
      if (typeof problem === "string") return { ok: false, records: seq, seq: seq + 1, problem };
      seq++;
      previous = problem.hash;
    }
  } catch (error) {
    throw new BarnacleError("FILE_UNREADABLE", `${file}: ${messageOf(error)}`, { cause: error });
  }
  return { ok: true, records: seq, head: previous };
}

/** The record itself when it is sound, else what is wrong with it. */
function problemIn(line: string, seq: number, previous: string): string | AuditRecord {
  let record: AuditRecord;
  try {
    record = JSON.parse(line) as AuditRecord;
    if (record.seq !== seq) return `record ${seq} is missing; ${String(record.seq)} follows`;
    if (record.previous !== previous) return "it does not follow the record before it";
    return hashOf(record) === record.hash ? record : "its content does not match its hash";
  } catch {
    return "it is not a record in JSON";
  }
}
