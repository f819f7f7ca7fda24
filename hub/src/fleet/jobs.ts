import { BarnacleError, hasCode, messageOf } from "@barnacle/protocol/errors";
import { checkWanted, mergeLayers } from "@barnacle/protocol/node-config";
import { type Clock, Events, type Log, type Random, type Unit } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { Commands, Devices, FleetJob, FleetJobSpec, FleetJobs, Principal } from "../services.ts";
import type { Store } from "../store/index.ts";
import type { StoredFleetConfig } from "./fleet-config.ts";
import { JobTable, type KeptJob, type KeptNode } from "./job-table.ts";
import { judge, UPDATE_LIMIT_MS } from "./judge.ts";
import { stageEnds, stageOf } from "./stages.ts";

export interface StoredFleetJobsOptions {
  readonly store: Store;
  readonly config: StoredFleetConfig;
  readonly devices: Pick<Devices, "get" | "events">;
  readonly commands: Commands;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const LOOK_EVERY_MS = 1000;
const MOST_SHOWN = 200;
const UNANSWERED = ["DEVICE_OFFLINE", "HUB_STOPPING", "COMMAND_TIMEOUT"] as const;

/**
 * Changes of many nodes, stage after stage. Everything that is decided is on disk before it is done, so a hub that comes
 * back goes on where it was; what a node is told to do goes through the one door under a key of job and node, which a
 * node obeys once. A configuration is tried on the nodes of each stage and becomes the layer of its target at the end.
 */
export class StoredFleetJobs implements FleetJobs, Unit {
  readonly events = new Events<{ changed: { readonly job: FleetJob } }>();
  readonly #options: StoredFleetJobsOptions;
  readonly #table: JobTable;
  readonly #active = new Map<string, KeptJob>();
  readonly #telling = new Set<string>();
  #cancel: (() => void) | undefined;

  constructor(options: StoredFleetJobsOptions) {
    this.#options = options;
    this.#table = new JobTable(options.store);
  }

  async start(): Promise<void> {
    const { config, devices } = this.#options;
    for (const job of this.#table.running()) {
      this.#active.set(job.jobId, job);
      const begun = job.nodes.filter(({ status }) => status !== "waiting").map(({ deviceId }) => deviceId);
      if (job.spec.kind === "config") config.try(begun, job.spec.target, this.#candidate(job.spec));
    }
    config.events.on("changed", ({ deviceId }) => this.#look(deviceId), this);
    devices.events.on("presence", ({ device }) => this.#look(device.deviceId), this);
    this.#watch();
    for (const jobId of this.#active.keys()) this.#step(jobId);
  }

  async stop(): Promise<void> {
    const { config, devices } = this.#options;
    config.events.dropOwner(this);
    devices.events.dropOwner(this);
    this.#cancel?.();
    this.#cancel = undefined;
    this.#active.clear();
  }

  list(): readonly FleetJob[] {
    return this.#table.list(MOST_SHOWN).map(shown);
  }

  get(jobId: string): FleetJob {
    const [job, another] = this.#table.find(jobId);
    if (!job) throw new BarnacleError("NOT_FOUND", `no job has the id ${jobId.slice(0, 80)}`);
    if (another && job.jobId !== jobId) throw new BarnacleError("CONFLICT", `several jobs begin with ${jobId}`);
    return shown(job);
  }

  async create(spec: FleetJobSpec, principal: Principal): Promise<FleetJob> {
    const { config, store, clock, random } = this.#options;
    if (
      (spec.kind === "config") !== (spec.config !== undefined) ||
      (spec.kind === "update") !== (spec.package !== undefined)
    ) {
      throw new BarnacleError(
        "INPUT_INVALID",
        "a config job takes config, an update job package, a restart job neither",
      );
    }
    if (spec.kind === "config") checkWanted(this.#candidate(spec));
    const members = config.members(spec.target);
    if (members.length === 0) throw new BarnacleError("INPUT_INVALID", `${spec.target} means no node`);
    const ends = stageEnds(spec.stages, members.length);
    const nodes = members.map((deviceId, i): KeptNode => ({ deviceId, stage: stageOf(i, ends), status: "waiting" }));
    const jobId = random.uuid();
    const job: KeptJob = {
      ...{ jobId, status: "running", spec, principal, createdBy: `${principal.kind}:${principal.id}` },
      ...{ createdAtMs: clock.now(), nodes },
    };
    await store.commit(() => {
      const busy = [...this.#active.values()].find((other) =>
        other.nodes.some(({ deviceId }) => members.includes(deviceId)),
      );
      if (busy) {
        throw new BarnacleError("CONFLICT", `job ${busy.jobId} still works on nodes of ${spec.target}`, {
          hint: "Wait for its end, or cancel it.",
        });
      }
      this.#table.insert(job);
      this.#active.set(jobId, job);
    });
    this.#watch();
    this.#step(jobId);
    return shown(this.#active.get(jobId) ?? job);
  }

  async cancel(jobId: string, principal: Principal): Promise<FleetJob> {
    const known = this.get(jobId);
    const job = this.#active.get(known.jobId);
    if (!job) throw new BarnacleError("CONFLICT", `the job is over: ${known.status}`);
    this.#end(job, "cancelled", `by ${principal.kind}:${principal.id}`);
    return this.get(known.jobId);
  }

  #watch(): void {
    if (this.#active.size === 0) {
      this.#cancel?.();
      this.#cancel = undefined;
      return;
    }
    this.#cancel ??= this.#options.clock.every(LOOK_EVERY_MS, () => {
      for (const jobId of [...this.#active.keys()]) this.#step(jobId);
    });
  }

  #look(deviceId: string): void {
    for (const job of this.#active.values()) {
      if (job.nodes.some((node) => node.deviceId === deviceId && node.status !== "waiting")) this.#step(job.jobId);
    }
  }

  /** Judges what is under way, then stops, ends, or goes on. */
  #step(jobId: string): void {
    const { clock, config, devices, log } = this.#options;
    const job = this.#active.get(jobId);
    if (!job) return;
    try {
      const now = clock.now();
      const judged = job.nodes.map((node) => {
        const device = devices.get(node.deviceId);
        return judge(node, { spec: job.spec, device, state: device && config.state(node.deviceId), now });
      });
      const next = this.#keep(job, judged);
      const failed = next.nodes.filter(({ status }) => status === "failed");
      if (failed.length > job.spec.maxFailures) {
        const [first] = failed;
        this.#end(
          next,
          "stopped",
          `${failed.length} failed, at most ${job.spec.maxFailures} may; ${first?.detail ?? ""}`,
        );
        return;
      }
      if (now > job.createdAtMs + job.spec.deadlineS * 1000) {
        const late = next.nodes.map(
          (node): KeptNode =>
            node.status === "waiting" ? { ...node, status: "skipped", detail: "was not there in time" } : node,
        );
        this.#goOn(this.#keep(next, late));
      } else this.#goOn(next);
    } catch (error) {
      log.error({ jobId, problem: messageOf(error) }, "a job could not go on; it is tried again");
    }
  }

  /** Opens the next stage when the ones before it are through, and at least one node has proven the change. */
  #goOn(job: KeptJob): void {
    const { clock, devices } = this.#options;
    const isThere = ({ deviceId }: KeptNode) => devices.get(deviceId)?.online === true;
    const busy = job.nodes.filter(({ status }) => status === "sent" || status === "proving");
    const waiting = job.nodes.filter(({ status }) => status === "waiting");
    if (busy.length === 0 && waiting.length === 0) {
      this.#end(job, "done", undefined);
      return;
    }
    const open = Math.min(...[...busy, ...waiting.filter(isThere)].map(({ stage }) => stage));
    const proven = open === 0 || job.nodes.some(({ stage, status }) => stage < open && status === "done");
    const due = proven ? waiting.filter((node) => node.stage <= open && isThere(node)) : [];
    if (due.length > 0) {
      const ids = new Set(due.map(({ deviceId }) => deviceId));
      const now = clock.now();
      const begun = job.nodes.map((node): KeptNode => {
        const before = devices.get(node.deviceId)?.incarnation;
        if (!ids.has(node.deviceId)) return node;
        return { ...node, status: "sent", startedAtMs: now, ...(before === undefined ? {} : { before }) };
      });
      this.#keep(job, begun);
      if (job.spec.kind === "config") this.#options.config.try([...ids], job.spec.target, this.#candidate(job.spec));
    }
    const kept = this.#active.get(job.jobId);
    if (kept && job.spec.kind !== "config") {
      for (const node of kept.nodes)
        if (node.status === "sent" && this.#options.config.isReady(node.deviceId)) void this.#tell(kept, node);
    }
  }

  /** Through the one door, under a key that a node obeys once. */
  async #tell(job: KeptJob, node: KeptNode): Promise<void> {
    const { commands, log } = this.#options;
    const { deviceId } = node;
    const key = `job-${job.jobId}-${deviceId.slice(0, 16)}`;
    if (this.#telling.has(key)) return;
    this.#telling.add(key);
    const { source, sha256, version } = job.spec.package ?? {};
    const params: JsonObject =
      job.spec.kind === "restart" ? {} : { source, sha256, ...(version === undefined ? {} : { version }) };
    const command = job.spec.kind === "restart" ? "system.restart" : "system.update";
    let told: Partial<KeptNode>;
    try {
      const timeoutMs = job.spec.kind === "update" ? UPDATE_LIMIT_MS : 30_000;
      await commands.invoke({ deviceId, command, params, idempotencyKey: key, principal: job.principal, timeoutMs });
      told = { status: "proving", startedAtMs: this.#options.clock.now() };
    } catch (error) {
      // It has not been obeyed, or not been answered; the key is good for another time.
      if (hasCode(error, ...UNANSWERED) || !this.#options.devices.get(deviceId)?.online) return;
      told = { status: "failed", detail: messageOf(error).slice(0, 500), finishedAtMs: this.#options.clock.now() };
    } finally {
      this.#telling.delete(key);
    }
    const now = this.#active.get(job.jobId);
    if (!now) return;
    try {
      this.#keep(
        now,
        now.nodes.map((one) => (one.deviceId === deviceId && one.status === "sent" ? { ...one, ...told } : one)),
      );
      this.#step(job.jobId);
    } catch (error) {
      log.error({ jobId: job.jobId, deviceId, problem: messageOf(error) }, "what came of a node could not be kept");
    }
  }

  /** On disk before it counts. */
  #keep(job: KeptJob, nodes: readonly KeptNode[]): KeptJob {
    const changed = nodes.filter((node, i) => node !== job.nodes[i]);
    if (changed.length === 0) return job;
    this.#options.store.transaction(() => {
      for (const node of changed) this.#table.node(job.jobId, node);
    });
    const next = { ...job, nodes };
    this.#active.set(job.jobId, next);
    this.events.emit("changed", { job: shown(next) });
    return next;
  }

  /** A configuration becomes the layer of its target, or is taken back from every node that had it. */
  #end(job: KeptJob, status: "done" | "stopped" | "cancelled", reason: string | undefined): void {
    const { config, clock, log } = this.#options;
    const isConfig = job.spec.kind === "config";
    const now = clock.now();
    const nodes = job.nodes.map((node): KeptNode => {
      if (node.status === "waiting") return { ...node, status: "skipped", finishedAtMs: now };
      const taken = isConfig && status !== "done" && ["sent", "proving", "done"].includes(node.status);
      return taken ? { ...node, status: "reverted", finishedAtMs: now } : node;
    });
    this.#options.store.transaction(() => {
      for (const node of nodes) this.#table.node(job.jobId, node);
      this.#table.end(job.jobId, status, reason, now);
      if (isConfig && status === "done") config.adopt(job.spec.target, this.#candidate(job.spec), job.createdBy);
    });
    this.#active.delete(job.jobId);
    this.#watch();
    log.info({ jobId: job.jobId, status, reason }, "a job is over");
    if (isConfig) config.settle(job.nodes.map(({ deviceId }) => deviceId));
    this.events.emit("changed", { job: this.get(job.jobId) });
  }

  #candidate({ target, config = {} }: FleetJobSpec): JsonObject {
    return mergeLayers([this.#options.config.layer(target).config, config]);
  }
}

function shown({ principal: _, nodes, ...job }: KeptJob): FleetJob {
  return { ...job, nodes: nodes.map(({ before: _before, ...node }) => node) };
}
