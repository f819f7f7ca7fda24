import { Events, silentLog } from "@barnacle/protocol/runtime";
import { Value } from "@sinclair/typebox/value";
import { type TestBeads, testBeads } from "../beads/testing.ts";
import { WorkConfig } from "../config/work.ts";
import { Convoys } from "../convoys/index.ts";
import { postMail } from "../mail/index.ts";
import type { Neighbours, WorkerFacts } from "./neighbours.ts";
import type { TownBase, TownChange, TownEvents } from "./part.ts";
import { roleParts } from "./roles.ts";
import { pass } from "./testing-time.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A worker that does nothing by itself. */
export interface FakeWorker extends Writable<WorkerFacts> {
  alive: boolean;
  bead?: string;
  hookedAt: number;
  deaths: { at: number }[];
}

export interface FakeTown extends TestBeads {
  readonly roles: ReturnType<typeof roleParts>;
  readonly convoys: Convoys;
  readonly workers: Map<string, FakeWorker>;
  /** `nudge barn/polecats/a: …`, `restart …`, `critical …`: what was done, in its order. */
  readonly did: string[];
  readonly changes: TownChange[];
  stopped: boolean;
  /** Time passes, and every worker that lives says so, in steps of 10 s. */
  live(ms: number, more?: (now: number) => void): Promise<void>;
  /** Its process ends; its work stays. */
  kill(address: string): void;
  /** It finishes what it has. */
  finish(address: string): Promise<void>;
  /** The hub stops and starts again; with `killed` nothing is put in order before. */
  restart(killed?: boolean): Promise<void>;
  mail(): { to: string; subject: string }[];
}

const RIG = { name: "barn", prefix: "bn", workspace: "town", state: "active" };

/** The roles among fake workers and hooks, with real beads, convoys and mail. */
export async function fakeTown(
  t: Parameters<typeof testBeads>[0],
  options: { readonly workers?: number; readonly work?: object } = {},
): Promise<FakeTown> {
  const base = await testBeads(t);
  const { beads, store, clock, random } = base;
  const runners = { runner: "scripted", runners: { scripted: { argv: ["true"], prompt: "protocol" } } };
  const work = Value.Default(WorkConfig, Value.Clone({ ...runners, ...options.work })) as WorkConfig;
  const workers = new Map<string, FakeWorker>();
  const did: string[] = [];
  const changes: TownChange[] = [];
  let events = new Events<TownEvents>();
  let town: TownBase;
  let roles: ReturnType<typeof roleParts>;
  let convoys: Convoys;
  const said = (id: string, kind: string) => events.emit("changed", { noun: "workers", id, kind, at: clock.now() });
  const names = Array.from({ length: options.workers ?? 0 }, (_, i) => `barn/polecats/p${i}`);
  for (const address of names) {
    workers.set(address, {
      ...{ address, role: "polecat", rig: "barn", state: "idle", held: false, alive: false, hookedAt: 0, deaths: [] },
    });
  }
  const hang = (worker: FakeWorker, bead: string) => {
    const now = clock.now();
    Object.assign(worker, { bead, hookedAt: now, alive: true, state: "working", startedAt: now, heartbeatAt: now });
    delete worker.progress;
  };
  const free = (worker: FakeWorker) => {
    delete worker.bead;
    Object.assign(worker, { alive: false, state: "idle" });
  };
  const near = (): Neighbours =>
    ({
      rigs: { list: () => [RIG], ofBead: (id: string) => (id.startsWith("bn-") ? RIG : undefined) },
      convoys,
      worktrees: { find: () => undefined, list: () => [] },
      estop: { state: () => ({ stopped: self.stopped }) },
      workers: {
        list: () => [...workers.values()],
        alive: (address: string) => workers.get(address)?.alive,
        finish: async (address: string) => void Object.assign(workers.get(address) ?? {}, { alive: false }),
        start: async (address: string) => {
          did.push(`start ${address}`);
          Object.assign(workers.get(address) ?? {}, { alive: true, state: "working", startedAt: clock.now() });
        },
        deliver: async () => true,
      },
      hooks: {
        sling: async (who: string, { bead, to }: { bead: string; to: string }) => {
          // Whoever died least: a machine that breaks everything is not given everything.
          const worker = [...workers.values()]
            .sort((one, other) => one.deaths.length - other.deaths.length)
            .find((one) => !one.bead && !one.held && (to === "barn" || to === one.address));
          if (!worker) throw new TypeError("no worker is free");
          await beads.write(who, (writer) => {
            writer.update(bead, { status: "in_progress", assignee: worker.address });
          });
          hang(worker, bead);
          did.push(`sling ${bead}`);
          said(worker.address, "started");
          return { agent: worker.address };
        },
        reads: { ofBead: (bead: string) => [...workers.values()].find((one) => one.bead === bead) },
        assignment: (address: string) => {
          const worker = workers.get(address);
          return worker?.bead === undefined ? undefined : { bead: { id: worker.bead }, hookedAt: worker.hookedAt };
        },
        recover: async (who: string, bead: string, why: string) => {
          const worker = [...workers.values()].find((one) => one.bead === bead);
          const again = await beads.write(who, (writer) => writer.claims.fail(bead, why));
          if (worker) free(worker);
          did.push(`recover ${bead}`);
          return { abandoned: !again };
        },
      },
      nudges: { nudge: async (_: string, { to }: { to: string }) => void did.push(`nudge ${to}`) },
      escalations: {
        raise: async (_: string, { severity, key }: { severity: string; key: string }) => {
          did.push(`${severity} ${key}`);
        },
      },
    }) as unknown as Neighbours;

  const open = async () => {
    events = new Events<TownEvents>();
    events.on("changed", (change) => void changes.push(change));
    const config = () => ({ work }) as never;
    town = { store, beads, clock, random, log: silentLog, events, hub: { config } as never };
    convoys = new Convoys({ ...town, hub: undefined, post: postMail });
    roles = roleParts(town, near);
    self.roles = roles;
    self.convoys = convoys;
    await convoys.start();
    for (const unit of [roles.scheduler, roles.witness, roles.mayor, roles.supervisor]) await unit.start();
  };
  const close = async () => {
    for (const unit of [roles.supervisor, roles.mayor, roles.witness, roles.scheduler]) await unit.stop();
    await convoys.stop();
  };
  const self: Writable<FakeTown> = {
    ...base,
    ...{ workers, did, changes, stopped: false },
    roles: undefined as never,
    convoys: undefined as never,
    async live(ms, more) {
      for (let left = ms; left > 0; left -= 10_000) {
        for (const worker of workers.values()) if (worker.alive) worker.heartbeatAt = clock.now();
        more?.(clock.now());
        await pass(clock, Math.min(left, 10_000));
      }
    },
    kill(address) {
      const worker = workers.get(address);
      if (!worker) return;
      worker.alive = false;
      worker.deaths.unshift({ at: clock.now() });
      said(address, "exited");
    },
    async finish(address) {
      const worker = workers.get(address);
      const { bead } = worker ?? {};
      if (!worker || bead === undefined) return;
      free(worker);
      await beads.write(address, (writer) => writer.closing.close(bead, { reason: "Merged in abc" }));
      said(address, "done");
    },
    async restart(killed = false) {
      // What a killed hub would not have done is not done: its leases stay as they are.
      if (killed) {
        const kept = store.all("SELECT * FROM mayor_leases");
        await close();
        for (const { workspace, until } of kept) {
          store.run("UPDATE mayor_leases SET until = ? WHERE workspace = ?", Number(until), String(workspace));
        }
      } else await close();
      await open();
    },
    mail: () =>
      beads.reads
        .list({ type: "message", all: true, limit: 0, sortBy: "file" })
        .map(({ assignee, title }) => ({ to: String(assignee), subject: title })),
  };
  await open();
  t.teardown(close);
  return self;
}
