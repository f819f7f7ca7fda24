import { BarnacleError } from "@barnacle/protocol/errors";
import type { WritableSql } from "../beads/index.ts";
import { type Address, freeName, polecat, poolOf, type WorkerRecord } from "../workers/index.ts";
import type { HookRigs, WorkersPort } from "./ports.ts";

/** Whom a bead is slung at. */
export type Target =
  | { readonly kind: "rig"; readonly rig: string }
  | { readonly kind: "agent"; readonly address: Address };

/** Roles of which there is one, which need not be registered. */
const STANDING = new Set(["mayor", "deacon", "witness", "refinery", "overseer"]);

/** `<rig>` or any form of an address. @throws INPUT_INVALID, NOT_FOUND when it is neither */
export function targetOf(text: string, workers: WorkersPort, rigs: HookRigs | undefined): Target {
  const bare = text.trim().replace(/\/$/, "");
  const address = workers.reads.tryAddress(bare);
  if (address && (address.rig === undefined || !rigs || rigs.find(address.rig))) return { kind: "agent", address };
  if (address === undefined && rigs?.find(bare)) return { kind: "rig", rig: bare };
  throw new BarnacleError("NOT_FOUND", `"${text.slice(0, 80)}" is neither a rig nor an agent's address`, {
    hint: "List them with `barnacle rig list` and `barnacle agents list`.",
  });
}

/** A worker of the rig that has nothing to do. */
export function idlePolecat(workers: WorkersPort, rig: string): WorkerRecord | undefined {
  return workers.reads
    .list({ rig, role: "polecat", state: "idle" })
    .find(({ address, hook, held }) => hook === undefined && !held && !workers.alive(address));
}

/** The next name of the rig's pool. Within a transaction. */
export function newPolecat(
  sql: WritableSql,
  workers: WorkersPort,
  rig: string,
  pool: string | readonly string[] | undefined,
  who: string,
): Address {
  const taken = new Set(workers.reads.list({ rig }).map(({ name }) => name ?? ""));
  const address = polecat(rig, freeName(poolOf(pool), taken));
  workers.registerWithin(sql, address, who);
  return address;
}

/** An agent that exists, or may come to exist by being named. Within a transaction. @throws WORKER_UNKNOWN */
export function namedAgent(
  sql: WritableSql,
  workers: WorkersPort,
  address: Address,
  who: string,
  create: boolean,
): boolean {
  if (workers.reads.find(address.text)) return false;
  if (!create && !STANDING.has(address.role)) {
    throw new BarnacleError("WORKER_UNKNOWN", `no worker has the address ${address.text}`, {
      hint: "Give the rig alone as the target, or --create to make this one.",
    });
  }
  return workers.registerWithin(sql, address, who);
}
