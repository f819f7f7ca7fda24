import { createHash } from "node:crypto";
import type { Random } from "@barnacle/protocol/runtime";
import type { Sql } from "../beads/index.ts";

/** A worker's secret for the length of one run; the store has its hash. */
export function newToken(random: Random): { readonly token: string; readonly hash: string } {
  const token = random.bytes(32).toString("base64url");
  return { token, hash: hashOf(token) };
}

/** Whose token it is; undefined when nobody has it, or no longer. */
export function holderOf(sql: Sql, token: string): { readonly address: string; readonly role: string } | undefined {
  if (token.length !== 43) return undefined;
  // A hash is looked up: how long that takes says nothing about tokens.
  const row = sql.one("SELECT address, role FROM workers WHERE token = ? AND run_id IS NOT NULL", hashOf(token));
  return row && { address: String(row.address), role: String(row.role) };
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
