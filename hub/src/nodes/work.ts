import { BarnacleError } from "@barnacle/protocol/errors";
import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { Devices, PendingWork } from "../services.ts";
import type { Row, Store } from "../store/index.ts";

const KEEP_MS = 24 * 3600_000;

export interface NodeWorkOptions {
  readonly store: Store;
  readonly devices: Pick<Devices, "get">;
  readonly clock: Clock;
  readonly random: Random;
}

export interface WorkRequest {
  readonly nodeId: string;
  readonly type: PendingWork["type"];
  readonly priority?: "normal" | "high" | undefined;
  readonly expiresInMs?: number | undefined;
}

/** Work for nodes that are asleep or away, on disk until they fetch it or it expires. */
export class NodeWork {
  readonly #options: NodeWorkOptions;
  /** Grows with every change to a node's work, as long as the hub runs. */
  readonly #revisions = new Map<string, number>();

  constructor(options: NodeWorkOptions) {
    this.#options = options;
  }

  /** The same kind of work is not queued twice: the first stays. @throws DEVICE_UNKNOWN */
  async enqueue(request: WorkRequest): Promise<{ revision: number; queued: PendingWork }> {
    const { store, devices, clock, random } = this.#options;
    const { nodeId, type, priority = "normal", expiresInMs = KEEP_MS } = request;
    if (!devices.get(nodeId)?.roles.includes("node")) {
      throw new BarnacleError("DEVICE_UNKNOWN", `no node has the id ${nodeId.slice(0, 80)}`);
    }
    const now = clock.now();
    return store.commit(() => {
      this.#expire(nodeId, now);
      const added = store.run(
        `INSERT INTO node_work (work_id, node_id, type, priority, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (node_id, type) DO NOTHING`,
        ...[random.uuid(), nodeId, type, priority, now, now + expiresInMs],
      );
      if (added > 0) this.#changed(nodeId);
      const row = store.one("SELECT * FROM node_work WHERE node_id = ? AND type = ?", nodeId, type) as Row;
      return { revision: this.#revision(nodeId), queued: workOf(row) };
    });
  }

  /** Hands out up to `most` pieces, the urgent first; they are the node's from then on. */
  async drain(nodeId: string, most: number): Promise<{ revision: number; items: PendingWork[]; hasMore: boolean }> {
    const { store, clock } = this.#options;
    return store.commit(() => {
      this.#expire(nodeId, clock.now());
      const rows = store.all(
        "SELECT * FROM node_work WHERE node_id = ? ORDER BY priority = 'high' DESC, created_at, work_id",
        nodeId,
      );
      const items = rows.slice(0, most).map(workOf);
      for (const { id } of items) store.run("DELETE FROM node_work WHERE work_id = ?", id);
      if (items.length > 0) this.#changed(nodeId);
      return { revision: this.#revision(nodeId), items, hasMore: rows.length > items.length };
    });
  }

  #expire(nodeId: string, now: number): void {
    const { store } = this.#options;
    const gone = store.run("DELETE FROM node_work WHERE node_id = ? AND expires_at <= ?", nodeId, now);
    if (gone > 0) this.#changed(nodeId);
  }

  #changed(nodeId: string): void {
    this.#revisions.set(nodeId, this.#revision(nodeId) + 1);
  }

  #revision(nodeId: string): number {
    return this.#revisions.get(nodeId) ?? 0;
  }
}

function workOf(row: Row): PendingWork {
  return {
    id: String(row.work_id),
    type: String(row.type) as PendingWork["type"],
    priority: String(row.priority) as PendingWork["priority"],
    createdAtMs: Number(row.created_at),
    expiresAtMs: Number(row.expires_at),
  };
}
