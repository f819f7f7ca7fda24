import type { FleetJob, FleetJobNode, FleetJobSpec, Principal } from "../services.ts";
import type { Row, Store } from "../store/index.ts";

/** A job as it is worked on: what is told of it, and what only its keeper needs. */
export interface KeptJob extends FleetJob {
  readonly principal: Principal;
  readonly nodes: readonly KeptNode[];
}

export interface KeptNode extends FleetJobNode {
  /** Incarnation of the connection over which it was told. */
  readonly before?: number;
}

/** Jobs and what came of them, on disk. */
export class JobTable {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  list(limit: number): readonly KeptJob[] {
    const rows = this.#store.all("SELECT * FROM fleet_jobs ORDER BY created_at DESC, job_id LIMIT ?", limit);
    return rows.map((row) => this.#whole(row));
  }

  running(): readonly KeptJob[] {
    return this.#store
      .all("SELECT * FROM fleet_jobs WHERE status = 'running' ORDER BY created_at")
      .map((row) => this.#whole(row));
  }

  /** By id or a beginning of it; at most two. */
  find(jobId: string): readonly KeptJob[] {
    const rows = this.#store.all(
      "SELECT * FROM fleet_jobs WHERE substr(job_id, 1, ?) = ? LIMIT 2",
      jobId.length,
      jobId,
    );
    return rows.map((row) => this.#whole(row));
  }

  /** Within the caller's transaction. */
  insert(job: KeptJob): void {
    this.#store.run(
      "INSERT INTO fleet_jobs (job_id, status, spec, principal, created_at) VALUES (?, ?, ?, ?, ?)",
      ...[job.jobId, job.status, JSON.stringify(job.spec), JSON.stringify(job.principal), job.createdAtMs],
    );
    for (const { deviceId, stage, status } of job.nodes) {
      this.#store.run(
        "INSERT INTO fleet_job_nodes (job_id, device_id, stage, status) VALUES (?, ?, ?, ?)",
        ...[job.jobId, deviceId, stage, status],
      );
    }
  }

  /** Within the caller's transaction. */
  end(jobId: string, status: FleetJob["status"], reason: string | undefined, at: number): void {
    this.#store.run(
      "UPDATE fleet_jobs SET status = ?, reason = ?, finished_at = ? WHERE job_id = ?",
      ...[status, reason ?? null, at, jobId],
    );
  }

  /** Within the caller's transaction. */
  node(jobId: string, node: KeptNode): void {
    this.#store.run(
      `UPDATE fleet_job_nodes SET status = ?, detail = ?, before = ?, started_at = ?, finished_at = ?
       WHERE job_id = ? AND device_id = ?`,
      ...[node.status, node.detail ?? null, node.before === undefined ? null : String(node.before)],
      ...[node.startedAtMs ?? null, node.finishedAtMs ?? null, jobId, node.deviceId],
    );
  }

  #whole(row: Row): KeptJob {
    const principal = JSON.parse(String(row.principal)) as Principal;
    const nodes = this.#store
      .all("SELECT * FROM fleet_job_nodes WHERE job_id = ? ORDER BY stage, device_id", String(row.job_id))
      .map(nodeOf);
    return {
      jobId: String(row.job_id),
      status: String(row.status) as FleetJob["status"],
      spec: JSON.parse(String(row.spec)) as FleetJobSpec,
      principal,
      createdBy: `${principal.kind}:${principal.id}`,
      createdAtMs: Number(row.created_at),
      ...(row.reason === null ? {} : { reason: String(row.reason) }),
      ...(row.finished_at === null ? {} : { finishedAtMs: Number(row.finished_at) }),
      nodes,
    };
  }
}

function nodeOf(row: Row): KeptNode {
  return {
    deviceId: String(row.device_id),
    stage: Number(row.stage),
    status: String(row.status) as FleetJobNode["status"],
    ...(row.detail === null ? {} : { detail: String(row.detail) }),
    ...(row.before === null ? {} : { before: Number(row.before) }),
    ...(row.started_at === null ? {} : { startedAtMs: Number(row.started_at) }),
    ...(row.finished_at === null ? {} : { finishedAtMs: Number(row.finished_at) }),
  };
}
