import { hash } from "node:crypto";
import type { AuditRecord } from "../services.ts";
import type { Row } from "../store/index.ts";
import { canonicalJson } from "./canonical.ts";

/** What the first record follows. */
export const GENESIS = "0".repeat(64);

/** SHA-256 hex over the canonical JSON of everything in the record but the hash itself. */
export function hashOf({ principal, data, ...record }: Omit<AuditRecord, "hash">): string {
  return hashOfTexts(record, canonicalJson(principal), canonicalJson(data));
}

/** The same where the two parts that are objects are canonical JSON already. */
export function hashOfTexts(
  { seq, at, kind, subject, previous }: Omit<AuditRecord, "hash" | "principal" | "data">,
  principal: string,
  data: string,
): string {
  const whole =
    `{"at":${canonicalJson(at)},"data":${data},"kind":${canonicalJson(kind)},"previous":${canonicalJson(previous)},` +
    `"principal":${principal},"seq":${canonicalJson(seq)},"subject":${canonicalJson(subject)}}`;
  return hash("sha256", whole);
}

export function recordFromRow(row: Row): AuditRecord {
  return {
    seq: Number(row.seq),
    at: Number(row.at),
    kind: row.kind as AuditRecord["kind"],
    principal: JSON.parse(String(row.principal)),
    subject: String(row.subject),
    data: JSON.parse(String(row.data)),
    previous: String(row.previous),
    hash: String(row.hash),
  };
}

/** What is wrong with a stored row that should be number `seq` and follow the record with hash `previous`; undefined: nothing. */
export function problemOf(row: Row, seq: number, previous: string): string | undefined {
  if (row.seq !== seq) return `record ${seq} is missing; ${String(row.seq)} follows`;
  if (row.previous !== previous) return "it does not follow the record before it";
  let record: AuditRecord;
  try {
    record = recordFromRow(row);
  } catch {
    return "its content is no longer JSON";
  }
  const [principal, data] = [canonicalJson(record.principal), canonicalJson(record.data)];
  if (data !== row.data || principal !== row.principal) return "its text was changed";
  if (hashOfTexts(record, principal, data) !== record.hash) return "its content does not match its hash";
  return undefined;
}
