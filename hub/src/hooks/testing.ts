import { mkdirSync } from "node:fs";
import path from "node:path";
import { Events, silentLog } from "@barnacle/protocol/runtime";
import { Value } from "@sinclair/typebox/value";
import type { NewBead } from "../beads/index.ts";
import { testBeads } from "../beads/testing.ts";
import { WorkConfig } from "../config/work.ts";
import { type RunnerConfig, WorkerLimits } from "../config/workers.ts";
import { postMail } from "../mail/index.ts";
import type { TownChange, TownEvents, TownHub } from "../town/part.ts";
import { Workers, type WorkersOptions } from "../workers/index.ts";
import { Hooks, type HooksOptions } from "./hooks.ts";
import type { HookRigs } from "./ports.ts";

export interface TestWork extends Awaited<ReturnType<typeof testBeads>> {
  readonly workers: Workers;
  readonly hooks: Hooks;
  readonly config: WorkConfig;
  readonly changes: TownChange[];
  readonly options: Omit<WorkersOptions, "work">;
  /** Resolves once such a change was told, counted from the beginning. */
  change(fits: (change: TownChange) => boolean, count?: number): Promise<TownChange>;
  /** Lets time pass until `promise` is settled: processes that another hub started are looked at once a second. */
  passing<T>(promise: Promise<T>): Promise<T>;
  /** The kinds of changes of one noun, in their order. */
  kinds(noun: "workers" | "hooks"): string[];
}

/** A runner that is a shell script, which speaks by `echo` and hears by `read`. */
export function script(text: string): RunnerConfig {
  return { argv: ["/bin/sh", "-c", text], prompt: "protocol" };
}

const RIGS = [
  { name: "barn", prefix: "bn", repo: "/nowhere", defaultBranch: "main", state: "active" as const },
  { name: "shed", prefix: "sd", repo: "/nowhere", defaultBranch: "main", state: "parked" as const },
];

export const noGit: HookRigs = {
  find: (name) => RIGS.find((rig) => rig.name === name),
  byPrefix: (prefix) => RIGS.find((rig) => rig.prefix === prefix),
  git: () => ({ run: async () => ({ stdout: "" }) }),
};

/** Workers and hooks on a store of their own; two rigs, `barn` and the parked `shed`, whose worktrees are bare directories. */
export async function testWork(
  t: { teardown(fn: () => unknown): void },
  {
    runner = script('read line; echo \'{"type":"done"}\'; read line'),
    limits = {},
    hub = {},
    ...more
  }: {
    readonly runner?: RunnerConfig;
    readonly limits?: Partial<WorkerLimits>;
    readonly hub?: Partial<TownHub>;
  } & Partial<Omit<HooksOptions, "hub" | "estop">> &
    Partial<Pick<WorkersOptions, "worktrees" | "estop">> = {},
): Promise<TestWork> {
  const base = await testBeads(t);
  const { store, beads, clock, random } = base;
  const config = Value.Default(WorkConfig, {
    ...{ runner: "test", runners: { test: runner } },
    workers: Value.Default(WorkerLimits, limits),
  }) as WorkConfig;
  const events = new Events<TownEvents>();
  const changes: TownChange[] = [];
  const waiting = new Set<() => void>();
  events.on("changed", (change) => {
    changes.push(change);
    for (const look of [...waiting]) look();
  });
  const options: Omit<WorkersOptions, "work"> = {
    ...{ store, beads, clock, random, log: silentLog, events, hub: hub as TownHub, config: () => config },
    ...{ env: { PATH: process.env.PATH, HOME: "/home/anna", BARNACLE_TOKEN: "secret-of-the-hub" }, rigs: noGit },
    worktrees: {
      async acquire(_who, { agent, bead }) {
        const place = path.join(store.stateDir, "trees", agent.replaceAll("/", "-"));
        mkdirSync(place, { recursive: true });
        return { path: place, branch: `polecat/${bead}` };
      },
      release: async () => {},
    },
    ...more,
  };
  const workers: Workers = new Workers({ ...options, work: () => hooks });
  const hooks: Hooks = new Hooks({ ...options, rigs: noGit, workers, post: postMail, ...more });
  await hooks.start();
  await workers.start();
  // Workers do not keep a hub from ending; here nothing else keeps the test.
  const alive = setInterval(() => {}, 1000);
  t.teardown(async () => {
    await Promise.all(
      workers.list({ running: true }).map(({ address }) => workers.finish(address, "the test is over", true)),
    );
    await workers.stop();
    await hooks.stop();
    clearInterval(alive);
  });
  const change = (fits: (change: TownChange) => boolean, count = 1) =>
    new Promise<TownChange>((resolve) => {
      const look = () => {
        const found = changes.filter(fits)[count - 1];
        if (!found) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  const passing = async <T>(promise: Promise<T>): Promise<T> => {
    let open = true;
    const settled = promise.finally(() => {
      open = false;
    });
    settled.catch(() => {});
    while (open) {
      await clock.advance(1000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return settled;
  };
  const kinds = (noun: string) => changes.filter((one) => one.noun === noun).map(({ kind }) => kind);
  const add = (bead: Partial<NewBead> = {}) => base.add({ prefix: "bn", ...bead });
  return { ...base, add, workers, hooks, config, changes, options, change, passing, kinds };
}
