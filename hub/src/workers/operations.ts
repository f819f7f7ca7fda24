import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Operations, TownReading } from "../town/operations.ts";
import { directoryOf } from "./address.ts";
import { lastLines } from "./log-tail.ts";
import { isAlive, processId } from "./process-tree.ts";
import { type WorkerFilter, WorkerReads } from "./reads.ts";
import type { WorkerRecord } from "./record.ts";

const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

/** As `gt status` has agents. */
function agentOf({ sql, reads }: TownReading, worker: WorkerRecord) {
  const title = worker.hook === undefined ? undefined : reads.find(worker.hook)?.title;
  const unread = sql.one(
    "SELECT count(*) AS n FROM beads WHERE assignee = ? AND issue_type = 'message' AND status = 'open'",
    worker.address,
  );
  return {
    name: worker.name ?? worker.role,
    address: worker.address,
    session: worker.running ? directoryOf(worker.address) : "",
    ...{ role: worker.role, ...(worker.rig === undefined ? {} : { rig: worker.rig }), running: runs(worker) },
    ...{ has_work: worker.hook !== undefined, work_title: title ?? "", hook_bead: worker.hook ?? "" },
    ...{ state: worker.state, unread_mail: Number(unread?.n ?? 0), agent_alias: worker.runner ?? "" },
    ...(worker.reason === undefined ? {} : { agent_info: worker.reason }),
    ...(worker.pid === undefined ? {} : { pid: worker.pid }),
    ...(worker.progress === undefined ? {} : { progress: worker.progress }),
    ...(worker.heartbeatAt === undefined ? {} : { last_heartbeat: iso(worker.heartbeatAt) }),
    ...{ restarts: worker.restarts, deaths: worker.deaths.length, held: worker.held },
  };
}

/** As `gt polecat list`; with `whole` as `gt polecat status`. */
function polecatOf(worker: WorkerRecord, whole: boolean) {
  const running = runs(worker);
  const listed = {
    ...{ rig: worker.rig ?? "", name: worker.name ?? "", state: worker.state, issue: worker.hook ?? "" },
    ...{ session_running: running, zombie: worker.running && !running },
    session_name: worker.running ? directoryOf(worker.address) : "",
  };
  if (!whole) return listed;
  return {
    ...{ ...listed, clone_path: worker.worktree ?? "", branch: worker.branch ?? "" },
    ...{ session_id: worker.pid === undefined ? "" : String(worker.pid), attached: false, windows: 0 },
    ...{ created_at: iso(worker.createdAt), last_activity: iso(worker.activeAt ?? worker.startedAt) },
  };
}

/** Also where no hub runs: the process itself is looked at. */
function runs({ running, pid }: WorkerRecord): boolean {
  if (!running || pid === undefined) return false;
  const found = processId(pid);
  return found !== undefined && isAlive(found);
}

export const READS: Operations["READS"] = {
  list: (reading, filter: WorkerFilter) =>
    new WorkerReads(reading.sql).list(filter).map((one) => agentOf(reading, one)),
  show: (reading, { address }: { address: string }) => {
    const worker = new WorkerReads(reading.sql).get(address);
    return { ...agentOf(reading, worker), worker };
  },
  polecats: ({ sql }, { rig, all = true }: { rig?: string; all?: boolean }) =>
    new WorkerReads(sql)
      .list({ role: "polecat", rig })
      .filter((worker) => all || worker.state !== "nuked")
      .map((worker) => polecatOf(worker, false)),
  polecat: ({ sql }, { address }: { address: string }) => {
    const worker = new WorkerReads(sql).get(address);
    if (worker.role === "polecat") return polecatOf(worker, true);
    throw new BarnacleError("INPUT_INVALID", `${worker.address} is a ${worker.role}, not a polecat`);
  },
  peek: ({ sql, stateDir }, { address, lines = 100 }: { address: string; lines?: number }) => {
    const worker = new WorkerReads(sql).get(address);
    const file = path.join(stateDir, "workers", directoryOf(worker.address), "log");
    return { address: worker.address, file, lines: lastLines(file, lines) };
  },
};

export const WRITES: Operations["WRITES"] = {
  register: { alone: true, run: ({ town, who }, params) => town.workers.register(who, params) },
  remove: {
    alone: true,
    run: async ({ town }, { address }) => {
      await town.workers.remove(address);
      return { removed: address };
    },
  },
  start: {
    alone: false,
    run: async ({ town }, { address }) => {
      await town.workers.start(address);
      return town.workers.get(address);
    },
  },
  stop: {
    alone: false,
    run: async ({ town, who }, { address, why = `stopped by ${who}`, force = false }) => {
      await town.workers.stop(address, why, { force });
      return town.workers.get(address);
    },
  },
  heartbeat: {
    alone: false,
    run: async ({ town, who }, { address = who }) => {
      const worker = town.workers.get(address);
      town.workers.sawAlive(worker.address);
      return { address: worker.address };
    },
  },
};
