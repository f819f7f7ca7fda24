import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";
import { writeWhole } from "../config/index.ts";
import type { Audit, ExecApprovalsFile, ExecApprovalsSnapshot, Principal } from "../services.ts";

const BASE_NEEDED = "exec approvals base hash required; re-run exec.approvals.get and retry";
const BASE_STALE = "exec approvals changed since last load; re-run exec.approvals.get and retry";
const EMPTY = { version: 1, agents: {} };

/** `<state dir>/exec-approvals.json`, as clients edit it. Source: gateway protocol 3, `exec.approvals.get`, `.set`. */
export class StoredExecApprovalsFile implements ExecApprovalsFile {
  readonly #file: string;
  readonly #audit: Audit;

  constructor(options: { stateDir: string; audit: Audit }) {
    this.#file = path.join(options.stateDir, "exec-approvals.json");
    this.#audit = options.audit;
  }

  read(): ExecApprovalsSnapshot {
    const text = this.#text();
    const file = parsed(text);
    return { path: this.#file, exists: text !== undefined, hash: hashOf(text ?? ""), file: withoutToken(file) };
  }

  async write(next: JsonObject, baseHash: string | undefined, principal: Principal): Promise<ExecApprovalsSnapshot> {
    const before = this.#text();
    if (before !== undefined && baseHash === undefined) throw new BarnacleError("CONFLICT", BASE_NEEDED);
    if (before !== undefined && baseHash !== hashOf(before)) throw new BarnacleError("CONFLICT", BASE_STALE);
    const { socket: known } = parsed(before) as { socket?: JsonObject };
    // The token was not shown, so it comes back missing.
    const socket = known || next.socket ? { socket: { ...known, ...(next.socket as JsonObject | undefined) } } : {};
    const text = `${JSON.stringify({ ...next, ...socket }, undefined, 2)}\n`;
    const data = { from: hashOf(before ?? ""), to: hashOf(text) };
    await this.#audit.append({ kind: "config", principal, subject: this.#file, data });
    if (this.#text() !== before) throw new BarnacleError("CONFLICT", BASE_STALE);
    writeWhole(this.#file, text);
    return this.read();
  }

  #text(): string | undefined {
    try {
      return readFileSync(this.#file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new BarnacleError("FILE_UNREADABLE", `${this.#file}: ${messageOf(error)}`, { cause: error });
    }
  }
}

function parsed(text: string | undefined): JsonObject {
  if (text === undefined) return EMPTY;
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    // Damaged by hand; the hash still tells its writer what is replaced.
    return EMPTY;
  }
}

function withoutToken({ socket, ...file }: JsonObject): JsonObject {
  const { path: at } = (socket ?? {}) as { path?: string };
  return at === undefined ? file : { ...file, socket: { path: at } };
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
