import { createHash } from "node:crypto";
import type { AuditRecord } from "../services.ts";
import type { Row } from "../store/index.ts";
import { canonicalJson } from "./canonical.ts";

/** What the first record follows. */
export const GENESIS = "0".repeat(64);

/** SHA-256 hex over the canonical JSON of everything in the record but the hash itself. */
export function hashOf(record: Omit<AuditRecord, "hash">): string {
  const { seq, at, kind, principal, subject, data, previous } = record;
  return createHash("sha256")
    .update(canonicalJson({ seq, at, kind, principal, subject, data, previous }))
    .digest("hex");
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
  if (canonicalJson(record.data) !== row.data || canonicalJson(record.principal) !== row.principal) {
    return "its text was changed";
  }
  if (hashOf(record) !== record.hash) return "its content does not match its hash";
  return undefined;
}
