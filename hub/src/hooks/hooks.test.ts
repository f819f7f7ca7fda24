import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import t from "tap";
import { heldBy } from "../convoys/index.ts";
import { ScheduleQueue } from "../scheduler/queue.ts";
import { Workers } from "../workers/index.ts";
import { script, type TestWork, testWork } from "./testing.ts";

// Real processes start and end here; a busy machine takes its time.
t.setTimeout(120_000);

const QUIET = script("read line; read line");
const TOAST = "barn/polecats/furiosa";

t.test(
  "what is slung is on disk before its worker starts, is told to it, and leaves the hook when it is done",
  async (t) => {
    const runner = script(`read task; echo "got $task"; env >env.txt; echo '{"type":"progress","percent":50}'
    echo '{"type":"done","summary":"painted"}'; read answer; echo "heard $answer"; read stop`);
    const { hooks, workers, add, beads, change, kinds, store } = await testWork(t, { runner });
    const bead = await add({ title: "Paint the gate", description: "green" });
    const slung = await hooks.sling("anna", { bead, to: "barn", args: "two coats" });
    t.same(slung, { bead, agent: TOAST, already: false, started: true });
    const told = await change(({ noun, kind }) => noun === "hooks" && kind === "done");
    t.match(told, { id: bead, data: { exit: "COMPLETED", summary: "painted", agent: TOAST } });
    await change(({ noun, kind }) => noun === "workers" && kind === "exited");
    t.match(beads.reads.get(bead), { status: "closed", close_reason: "painted", assignee: TOAST });
    t.match(workers.get("barn/furiosa"), { state: "idle", running: false, restarts: 0, deaths: [] });
    t.equal(hooks.hookOf(TOAST), undefined);
    t.same(kinds("workers"), ["registered", "started", "progress", "done", "exited"]);
    t.same(kinds("hooks"), ["slung", "done"]);
    const log = workers.peek(TOAST).join("\n");
    t.match(log, /got \{"type":"task","bead":"bn-/);
    t.match(log, /two coats/);
    t.match(log, /heard \{"type":"accepted","of":"done"\}/);
    const env = readFileSync(path.join(store.stateDir, "trees", "barn-polecats-furiosa", "env.txt"), "utf8");
    t.match(env, new RegExp(`BARNACLE_BEAD=${bead}`));
    t.notMatch(env, /secret-of-the-hub/, "the hub's own secrets stay with it");
    const again = await hooks.done(TOAST, { address: TOAST });
    t.equal(again.bead, bead, "said twice, it is done once");
  },
);

t.test("the same sling again changes nothing; another worker's work is refused without force", async (t) => {
  const { hooks, add, change, beads, workers } = await testWork(t, { runner: QUIET });
  const bead = await add();
  const slings = await Promise.all(Array.from({ length: 20 }, () => hooks.sling("anna", { bead, to: "barn" })));
  t.equal(slings.filter(({ already }) => !already).length, 1, "one of twenty hung it");
  t.equal(new Set(slings.map(({ agent }) => agent)).size, 1);
  t.equal(workers.list().length, 1);
  await t.rejects(hooks.sling("ben", { bead, to: "barn/nux", create: true }), {
    code: "HOOK_TAKEN",
    message: /furiosa/,
  });
  const first = workers.get(TOAST).pid as number;
  const taken = await hooks.sling("ben", { bead, to: "barn/nux", create: true, force: true });
  t.match(taken, { agent: "barn/polecats/nux", already: false, started: true });
  await change(({ id, kind }) => id === TOAST && kind === "exited");
  t.notOk(existsSync(`/proc/${first}`), "the first had ended before the second began");
  t.equal(beads.reads.get(bead).assignee, "barn/polecats/nux");
  const other = await add();
  await t.rejects(hooks.sling("ben", { bead: other, to: "barn/nux" }), {
    code: "HOOK_TAKEN",
    message: new RegExp(bead),
  });
  await hooks.sling("ben", { bead: other, to: "barn/nux", queue: true });
  t.same(
    hooks.reads.queue("barn/polecats/nux").map((hook) => hook.bead),
    [bead, other],
  );
});

t.test("what is no work now is refused, each with its reason", async (t) => {
  const { hooks, add, beads } = await testWork(t, { runner: QUIET });
  const [closed, deferred, blocker, elsewhere, message] = await Promise.all([
    add(),
    add({ status: "deferred" }),
    add(),
    add({ prefix: "sd" }),
    add({ issue_type: "message" }),
  ]);
  const blocked = await add({ dependencies: [{ on: blocker }] });
  await beads.write("anna", (writer) => writer.closing.close(closed));
  const refused = (bead: string, message: RegExp, to = "barn", force = false) =>
    t.rejects(hooks.sling("anna", { bead, to, force }), { code: "SLING_REFUSED", message });
  await refused(closed, /closed/);
  await refused(closed, /closed/, "barn", true);
  await refused(deferred, /deferred/);
  await refused(blocked, new RegExp(blocker));
  await refused(message, /no work/);
  await refused(elsewhere, /belongs to shed/);
  await refused(elsewhere, /parked/, "shed");
  await t.rejects(hooks.sling("anna", { bead: blocker, to: "nowhere" }), { code: "NOT_FOUND" });
  await t.rejects(hooks.sling("anna", { bead: blocker, to: "barn/toast" }), { code: "WORKER_UNKNOWN" });
  t.match(await hooks.sling("anna", { bead: deferred, to: "barn", force: true }), { started: true });
});

t.test("a start that fails leaves nothing on the hook", async (t) => {
  const { hooks, add, beads, workers } = await testWork(t, { runner: { argv: ["/no/such/program"] } });
  const bead = await add();
  await t.rejects(hooks.sling("anna", { bead, to: "barn" }), { code: "WORKER_START", message: /no\/such\/program/ });
  t.match(beads.reads.get(bead), { status: "open", assignee: undefined });
  t.match(workers.get(TOAST), { state: "idle", running: false, hook: undefined });
});

t.test(
  "an agent that dies takes its bead up again by itself, at growing distances, and is stuck after the last time",
  async (t) => {
    const runner = script('read task; echo "life"; exit 3');
    const { hooks, workers, add, change, clock, kinds } = await testWork(t, { runner, limits: { restarts: 2 } });
    const bead = await add();
    await hooks.sling("anna", { bead, to: "barn" });
    const died = ({ kind }: { kind: string }) => kind === "exited";
    t.match(await change(died), { data: { bead, code: 3, died: true, restarts: 1 } });
    t.match(workers.get(TOAST), { state: "spawning", restarts: 1, nextStartAt: clock.now() + 2000, running: false });
    await clock.advance(1999);
    t.equal(kinds("workers").filter((kind) => kind === "started").length, 1);
    await clock.advance(1);
    await change(died, 2);
    t.equal(workers.get(TOAST).nextStartAt, clock.now() + 4000);
    await clock.advance(4000);
    await change(died, 3);
    const stuck = await change(({ kind }) => kind === "stuck");
    t.match(stuck, { id: TOAST, data: { bead, reason: "crash loop", restarts: 3 } });
    t.match(workers.get(TOAST), { state: "stuck", hook: bead, deaths: { length: 3 } });
    await clock.advance(3_600_000);
    t.equal(kinds("workers").filter((kind) => kind === "started").length, 3);
  },
);

t.test("stale work is recovered so many times, then set aside and reported once", async (t) => {
  const raised: object[] = [];
  const escalations = { raise: async (_: string, escalation: object) => raised.push(escalation) };
  const { hooks, workers, add, beads } = await testWork(t, { runner: QUIET, limits: { maxRetries: 2 }, escalations });
  const bead = await add();
  const results = [];
  for (let i = 0; i < 3; i++) {
    await hooks.sling("witness", { bead, to: "barn" });
    const { pid } = workers.get(TOAST);
    results.push(await hooks.recover("barn/witness", bead, "no heartbeat"));
    t.notOk(existsSync(`/proc/${pid}`), "its process had ended before the bead was free");
  }
  t.match(results, [
    { attempts: 1, abandoned: false },
    { attempts: 2, abandoned: false },
    { attempts: 3, abandoned: true },
  ]);
  t.match(beads.reads.get(bead), { status: "blocked", assignee: undefined, attempts: 3, labels: ["abandoned"] });
  t.match(raised, [{ severity: "high", bead, key: `abandoned:${bead}:3` }]);
  t.match(await hooks.recover("barn/witness", bead, "again"), { recovered: false });
  await t.rejects(hooks.sling("anna", { bead, to: "barn" }), { code: "SLING_REFUSED", message: /set aside/ });
});

t.test("a hub that dies leaves its workers at work; the next finds them, and runs nothing twice", async (t) => {
  const runner = script(`read task; echo life; while read line; do case "$line" in *nudge*) echo '{"type":"done"}';;
    *stop*) exit;; esac; done`);
  const work = await testWork(t, { runner });
  const { hooks, workers, add, options, change, store, passing } = work;
  const bead = await add();
  await hooks.sling("anna", { bead, to: "barn" });
  const { pid } = workers.get(TOAST);
  // The hub is gone without a word: nobody stops anything.
  const next: Workers = new Workers({ ...options, work: () => hooks });
  await next.start();
  t.equal(next.get(TOAST).pid, pid, "the same process");
  t.equal(store.all("SELECT 1 FROM workers WHERE run_id IS NOT NULL").length, 1);
  t.ok(await next.deliver("barn/furiosa", "go on"));
  await change(({ kind, noun }) => noun === "hooks" && kind === "done");
  t.equal(next.peek(TOAST).filter((line) => line === "life").length, 1);
  await passing(next.stop());
});

t.test("a process that was started by a hub which died before it wrote down which is found by its name", async (t) => {
  const { hooks, workers, add, options, store, passing } = await testWork(t, { runner: QUIET });
  const bead = await add();
  await hooks.sling("anna", { bead, to: "barn" });
  const { pid } = workers.get(TOAST);
  await store.commit(() => store.run("UPDATE workers SET pid = NULL, pid_start = NULL, state = 'spawning'"));
  const next: Workers = new Workers({ ...options, work: () => hooks });
  await next.start();
  t.equal(next.get(TOAST).pid, pid);
  await passing(next.stop());
});

t.test("what a worker said while no hub ran is acted on, and its end is no death", async (t) => {
  const { hooks, workers, add, options, change, store, beads, passing } = await testWork(t, {
    runner: script("read line; read line"),
  });
  const bead = await add();
  await hooks.sling("anna", { bead, to: "barn" });
  const { pid } = workers.get(TOAST);
  await workers.finish(TOAST, "test", true);
  const { appendFileSync } = await import("node:fs");
  appendFileSync(
    path.join(store.stateDir, "workers", "barn+polecats+furiosa", "log"),
    '{"type":"done","summary":"alone"}\n',
  );
  await store.commit(() =>
    store.run("UPDATE workers SET run_id = 'r', pid = ?, pid_start = '1', state = 'working'", pid as number),
  );
  const next: Workers = new Workers({ ...options, work: () => hooks });
  await next.start();
  await change(({ noun, kind }) => noun === "hooks" && kind === "done");
  t.match(beads.reads.get(bead), { status: "closed", close_reason: "alone" });
  t.same(next.get(TOAST).deaths, []);
  await passing(next.stop());
});

t.test("hand-off: mail to itself, a new session with the notes, and no second one at once", async (t) => {
  const runner = script(`read task; case "$task" in *"half painted"*) echo "second session";; *)
    echo '{"type":"handoff","subject":"half painted","message":"left side next"}';; esac
    while read line; do case "$line" in *stop*) exit;; esac; done`);
  const { hooks, workers, add, change, beads } = await testWork(t, { runner });
  const bead = await add();
  await hooks.sling("anna", { bead, to: "barn" });
  await change(({ kind, noun }) => noun === "hooks" && kind === "handoff");
  await change(({ kind }) => kind === "started", 2);
  t.match(workers.get(TOAST), { state: "working", hook: bead, restarts: 0, deaths: [] });
  await change(({ kind }) => kind === "started", 2);
  const mail = beads.reads.list({ type: "message", all: true });
  t.match(mail, [{ title: "half painted", description: "left side next", assignee: TOAST, sender: TOAST }]);
  await t.rejects(hooks.handoff(TOAST, { address: TOAST }), { code: "HANDOFF_TOO_SOON" });
});

t.test("unsling, release and beads that go another way empty the hook", async (t) => {
  const { hooks, workers, add, beads, change } = await testWork(t, { runner: QUIET });
  const [first, second, third] = await Promise.all([add(), add(), add()]);
  await hooks.sling("anna", { bead: first, to: "barn" });
  await t.rejects(hooks.unsling("anna", { bead: first }), { code: "HOOK_TAKEN", message: /--force/ });
  t.match(await hooks.unsling("anna", { address: "barn/furiosa", force: true }), { exit: "UNSLUNG", bead: first });
  t.match(beads.reads.get(first), { status: "open", assignee: undefined });
  await t.rejects(hooks.unsling("anna", { bead: first }), { code: "HOOK_EMPTY" });
  await hooks.sling("anna", { bead: second, to: "barn" });
  t.equal(workers.get(TOAST).hook, second, "the idle worker has it");
  await beads.write("anna", (writer) => writer.closing.close(second));
  await change(({ id, kind }) => id === second && kind === "unslung");
  t.equal(hooks.hookOf(TOAST), undefined);
  await change(({ kind }) => kind === "exited", 2);
  await hooks.sling("anna", { bead: third, to: "barn" });
  t.match(await hooks.release("anna", [third], "too big"), [{ status: "open", comments: [{ text: "too big" }] }]);
});

t.test("a worker that was stopped by hand stays so until somebody says otherwise", async (t) => {
  const { hooks, workers, add, clock } = await testWork(t, { runner: QUIET });
  const bead = await add();
  await hooks.sling("anna", { bead, to: "barn" });
  await workers.stop(TOAST, "lunch");
  t.match(workers.get(TOAST), { held: true, running: false, reason: "lunch", hook: bead });
  await workers.ensure(TOAST);
  await clock.advance(60_000);
  t.equal(workers.get(TOAST).running, false);
  await workers.start(TOAST);
  t.match(workers.get(TOAST), { held: false, running: true, state: "working" });
});

t.test("an emergency stop holds workers where they are; nothing is slung, nothing begins", async (t) => {
  let stopped = false;
  const estop = {
    refuse(what: string) {
      if (stopped) throw new BarnacleError("ESTOPPED", what);
    },
    attach: () => () => {},
  };
  const { hooks, workers, add, clock } = await testWork(t, { runner: QUIET, estop });
  const [first, second] = await Promise.all([add(), add()]);
  await hooks.sling("anna", { bead: first, to: "barn" });
  stopped = true;
  t.same(await workers.freeze(), [TOAST]);
  const state = () => readFileSync(`/proc/${workers.get(TOAST).pid}/stat`, "latin1").split(") ")[1]?.[0];
  t.equal(state(), "T", "its process stands still");
  await t.rejects(hooks.sling("anna", { bead: second, to: "barn" }), { code: "ESTOPPED" });
  await workers.finish(TOAST, "killed", true);
  await workers.ensure(TOAST).catch(() => {});
  await clock.advance(60_000);
  t.match(workers.get(TOAST), { running: false, hook: first, deaths: [] });
  stopped = false;
  await workers.release();
  while (!workers.get(TOAST).running) await new Promise((resolve) => setImmediate(resolve));
  t.equal(hooks.hookOf(TOAST), first);
});

t.test(
  "a worker whose work was taken away gets a place for the next; one with unsaved work is left alone",
  async (t) => {
    const trees = new Map<string, { bead: string; dirty: boolean; inUse: boolean }>();
    const worktrees = {
      async acquire(_: string, { agent, bead }: { readonly agent: string; readonly bead: string }) {
        const tree = trees.get(agent) ?? { bead, dirty: false, inUse: false };
        if (tree.inUse && tree.bead !== bead)
          throw new BarnacleError("WORKTREE_BUSY", `${agent} works on ${tree.bead}`);
        if (tree.dirty && tree.bead !== bead) throw new BarnacleError("WORKTREE_DIRTY", `unsaved work of ${tree.bead}`);
        trees.set(agent, { ...tree, bead, inUse: true });
        return { path: process.cwd(), branch: bead };
      },
      async release(agent: string) {
        const tree = trees.get(agent);
        if (tree) trees.set(agent, { ...tree, inUse: false });
      },
    };
    const runner = script("read task; exit 1");
    const { hooks, workers, add, change } = await testWork(t, { runner, worktrees, limits: { restarts: 0 } });
    const [first, second, third] = await Promise.all([add(), add(), add()]);
    await hooks.sling("anna", { bead: first, to: "barn" });
    await change(({ kind }) => kind === "stuck");
    await hooks.recover("barn/witness", first, "crash loop");
    t.match(await hooks.sling("anna", { bead: second, to: "barn" }), { agent: TOAST, started: true }, "reused");
    await change(({ kind }) => kind === "stuck", 2);
    await hooks.recover("barn/witness", second, "crash loop");
    const tree = trees.get(TOAST);
    if (tree) trees.set(TOAST, { ...tree, dirty: true });
    t.match(await hooks.sling("anna", { bead: third, to: "barn" }), { agent: "barn/polecats/nux", started: true });
    t.match(workers.get(TOAST), { state: "stuck", reason: /unsaved work/, hook: undefined });
    t.equal(trees.get(TOAST)?.bead, second, "untouched");
  },
);

t.test("who stands for a part of the hub has work on a hook and no process, also after a restart", async (t) => {
  const { hooks, workers, add, options, passing, clock } = await testWork(t, { runner: QUIET });
  const bead = await add({ prefix: "hq" });
  t.match(await hooks.sling("anna", { bead, to: "mayor" }), { agent: "mayor/", started: false });
  const next: Workers = new Workers({ ...options, work: () => hooks });
  await next.start();
  t.equal(next.alive("mayor/"), false, "nothing is begun for it");
  await clock.advance(60_000);
  t.match(workers.get("mayor"), { state: "working", running: false, hook: bead, deaths: [] });
  await passing(next.stop());
});

t.test("a worker's token is its own for the length of a run", async (t) => {
  const runner = script('read task; echo "token $BARNACLE_AGENT_TOKEN"; read stop');
  const { hooks, workers, add, store } = await testWork(t, { runner });
  await hooks.sling("anna", { bead: await add(), to: "barn" });
  const said = () => workers.peek(TOAST).find((line) => line.startsWith("token "));
  while (!said()) await new Promise((resolve) => setImmediate(resolve));
  const token = String(said()?.slice(6));
  t.same(workers.holder(token), { address: TOAST, role: "polecat" });
  t.notMatch(JSON.stringify(store.all("SELECT * FROM workers")), new RegExp(token), "the store has a hash");
  t.throws(() => workers.holder(`${token.slice(0, -1)}!`), { code: "AGENT_TOKEN" });
  await workers.stop(TOAST);
  t.throws(() => workers.holder(token), { code: "AGENT_TOKEN" });
});

t.test("the end of a run ends everything that it started", async (t) => {
  const runner = script("read task; sleep 1000 & setsid sleep 1001 & echo ready; read line; read line");
  const { hooks, workers, add, change } = await testWork(t, { runner });
  const bead = await add();
  await hooks.sling("anna", { bead, to: "barn" });
  const { processesOf } = await import("../workers/process-tree.ts");
  const runId = String(
    (await import("node:fs"))
      .readFileSync(`/proc/${workers.get(TOAST).pid}/environ`, "latin1")
      .match(/BARNACLE_RUN=([^\0]+)/)?.[1],
  );
  while (!workers.peek(TOAST).includes("ready")) await new Promise((resolve) => setImmediate(resolve));
  t.equal(processesOf(runId).length, 3);
  await workers.stop(TOAST, "enough", { force: true });
  await change(({ kind }) => kind === "exited");
  t.same(processesOf(runId), []);
});

t.test(
  "R2.4 a bead whose convoy waits for another is not slung, and not given out by the scheduler either",
  async (t) => {
    const convoys = { autoFor: () => undefined, heldBy: (bead: string) => heldBy(work.store, bead) };
    const work: TestWork = await testWork(t, { convoys });
    const [first, bead] = [await work.add({ prefix: "bn" }), await work.add({ prefix: "bn" })];
    const convoy = (title: string, tracked: string, ...before: string[]) =>
      work.add({
        ...{ title, issue_type: "convoy", prefix: "hq-cv" },
        dependencies: [{ on: tracked, kind: "tracks" }, ...before.map((on) => ({ on }))],
      });
    const earlier = await convoy("A", first);
    const later = await convoy("B", bead, earlier);
    const why = new RegExp(`its convoy ${later} waits for ${earlier}`);
    await t.rejects(work.hooks.sling("anna", { bead, to: "barn", now: false }), {
      code: "SLING_REFUSED",
      message: why,
    });
    await work.beads.write("anna", (writer) =>
      new ScheduleQueue(writer.sql).put({
        ...{ bead, rig: "barn", target: "barn", priority: 2, who: "anna", queuedAt: 0, notBefore: 0 },
      }),
    );
    t.match(new ScheduleQueue(work.store).list(0), [{ bead, state: "blocked" }]);
    await work.beads.write("anna", (writer) => writer.closing.close(earlier, { force: true }));
    t.match(new ScheduleQueue(work.store).list(0), [{ bead, state: "ready" }]);
    t.match(await work.hooks.sling("anna", { bead, to: "barn", now: false }), { bead, already: false });
  },
);
