import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Events, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { testBeads } from "../beads/testing.ts";
import { ScheduleQueue } from "../scheduler/queue.ts";
import { temporaryDirectory } from "../store/testing.ts";
import type { TownEvents } from "../town/part.ts";
import { pass } from "../town/testing-time.ts";
import { removeOldLogs } from "./old-logs.ts";
import { READS } from "./operations.ts";
import { heldWork, orphans } from "./orphans.ts";
import { Supervisor } from "./supervisor.ts";

const HOUR = 3_600_000;

t.test("work is nobody's when its worker is not known or has it on no hook, after an hour", async (t) => {
  const held = (bead: string, assignee: string, since = 0) => ({ bead, assignee, since });
  const list = [held("a", "barn/polecats/x"), held("b", "barn/polecats/x"), held("c", "barn/polecats/gone")];
  const known = new Set(["barn/polecats/x"]);
  const lost = (now: number) => orphans(list, known, (bead) => bead === "a", 3600, now);
  t.same(lost(HOUR - 1), []);
  t.same(
    lost(HOUR).map(({ bead, why }) => [bead, why]),
    [
      ["b", "it is not on the hook of barn/polecats/x"],
      ["c", "nobody called barn/polecats/gone works here"],
    ],
  );
});

t.test("what lies in the merge queue is nobody's loss and takes no place", async (t) => {
  const { store, add } = await testBeads(t);
  const bead = await add({ status: "in_progress", assignee: "barn/polecats/x" });
  const held = () => [heldWork(store).length, new ScheduleQueue(store).busy().size];
  t.same(held(), [1, 1]);
  store.db.exec(
    `INSERT INTO merge_requests (id, rig, branch, commit_sha, state) VALUES ('bn-mr', 'barn', 'b', 'c', 'open')`,
  );
  store.db.exec(
    `INSERT INTO hook_ends (bead, address, at, exit, merge_request) VALUES ('${bead}', 'barn/polecats/x', 1, 'COMPLETED', 'bn-mr')`,
  );
  t.same(held(), [0, 0]);
  store.db.exec(
    `INSERT INTO hooks (bead, address, hooked_at, hooked_by, options) VALUES ('${bead}', 'barn/polecats/x', 2, 'a', '{}')`,
  );
  t.same(held(), [1, 1], "back on a hook");
  store.db.exec("DELETE FROM hooks; UPDATE merge_requests SET state = 'closed'");
  t.same(held(), [1, 1], "refused, and nobody took it up");
});

t.test("it looks in a fixed order, a failing step keeps none back, and it sleeps while there is no work", async (t) => {
  const { store, beads, clock, random, add } = await testBeads(t);
  const order: string[] = [];
  const now = { busy: false, fails: false };
  const noted =
    (name: string, answer: readonly string[] = []) =>
    async () => {
      order.push(name);
      return answer;
    };
  const supervisor = new Supervisor({
    ...{ store, beads, clock, random, log: silentLog, events: new Events<TownEvents>() },
    settings: () => ({ heartbeatSeconds: 180, staleHookSeconds: 3600 }),
    ports: {
      roles: noted("roles", ["mayor"]),
      agents: () => new Set(),
      hangs: () => false,
      patrol: async () => {
        order.push("patrol");
        if (now.fails) throw new TypeError("no");
      },
      recover: async (bead) => void order.push(`recover ${bead}`),
      orphanedWorktrees: noted("worktrees"),
      dispatch: async () => order.push("dispatch") && 2,
      rotateLogs: noted("logs"),
      busy: () => now.busy,
    },
  });
  t.teardown(() => supervisor.stop());
  const lost = await add({ status: "hooked", assignee: "barn/polecats/gone" });
  await add({ status: "hooked", assignee: "anna" });
  await supervisor.start();
  t.same(order, ["roles", "patrol", "worktrees", "dispatch", "logs"]);
  t.equal(clock.pending, 0, "nothing to look after");
  await pass(clock, HOUR);
  now.busy = true;
  now.fails = true;
  order.length = 0;
  await supervisor.beat();
  t.same(order, ["roles", "patrol", `recover ${lost}`, "worktrees", "dispatch", "logs"]);
  t.match(READS.status({ ...beads.reading(), stateDir: "" }), {
    ...{ beats: 2, last_beat_at: /^2026/ },
    steps: [
      { step: "roles", ok: true, did: ["mayor"] },
      { step: "patrol", ok: false, problem: "no" },
      { step: "stale-hooks", ok: true, did: [lost] },
      { step: "worktrees", did: [] },
      { step: "dispatch", did: ["2"] },
      { step: "logs" },
    ],
  });
  order.length = 0;
  now.busy = false;
  await pass(clock, 181_000);
  t.equal(order.filter((step) => step === "roles").length, 1, "once more, then it sleeps again");
  t.equal(clock.pending, 0);
});

t.test("logs of workers that are gone go after a week", async (t) => {
  const dir = temporaryDirectory(t);
  const now = Date.now();
  for (const [name, days] of [
    ["known", 30],
    ["old", 8],
    ["young", 6],
  ] as const) {
    mkdirSync(path.join(dir, name));
    writeFileSync(path.join(dir, name, "log"), "x");
    const at = new Date(now - days * 24 * HOUR);
    utimesSync(path.join(dir, name, "log"), at, at);
    utimesSync(path.join(dir, name), at, at);
  }
  t.same(removeOldLogs(dir, new Set(["known"]), now), ["old"]);
  t.same(readdirSync(dir).sort(), ["known", "young"]);
  t.same(removeOldLogs(path.join(dir, "nowhere"), new Set(), now), []);
});
