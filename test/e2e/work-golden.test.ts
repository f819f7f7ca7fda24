import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { git, originIn } from "../../hub/src/rigs/testing.ts";
import { House } from "../support/house.ts";
import { ROOT } from "../support/process.ts";

t.setTimeout(600_000);

const AGENT = path.join(ROOT, "test", "support", "scripted-agent.ts");
const NAMES = ["toast", "nux", "ace", "slit"];
/** What each of the twelve needs first, by its number from 1. */
const NEEDS: readonly (readonly number[])[] = [[], [], [1], [1], [2], [3], [3, 4], [5], [6, 7], [8], [9], [10, 11]];
const [KILLED, STUCK, FAILING] = [3, 5, 7];
const fileOf = (item: number): string => `${String(item).padStart(2, "0")}.txt`;

interface Goal {
  readonly id: string;
  readonly state: string;
  readonly convoy: string | null;
  readonly completed: number;
  readonly beads: readonly { readonly id: string; readonly status: string }[];
}

interface Shown {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly close_reason?: string;
}

/** The script of one item: good work, but for what goes wrong in the first life of three of them. */
function scriptOf(item: number): string {
  const bad: Readonly<Record<number, readonly string[]>> = {
    [KILLED]: [`life 1 write ${fileOf(item)} half`, `life 1 commit Half of ${item}`, "life 1 kill"],
    [STUCK]: ["life 1 hang"],
    [FAILING]: ["life 1 fail-tests", "life 1 done", "life >1 run rm -f TESTS_FAIL"],
  };
  const beats = item === STUCK ? ["life >1 heartbeat 200ms"] : ["heartbeat 200ms"];
  const work = [`write ${fileOf(item)} item ${item}`, `commit Item ${item}`, "progress 100", "done"];
  return [...beats, ...(bad[item] ?? []), ...work].join("\n");
}

t.test("twelve beads, four agents, one killed, one stuck, one failing its tests: the convoy lands once", async (t) => {
  // Short, because a socket lies in it.
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), "barnacle-")));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const scripts = path.join(dir, "scripts");
  mkdirSync(scripts);
  const argv = [process.execPath, "--disable-warning=ExperimentalWarning", AGENT, scripts];
  const house = new House(dir, {
    hub: {
      work: {
        ...{ runner: "scripted", runners: { scripted: { argv } }, names: { barn: NAMES } },
        workers: { restartDelayS: 0.1, graceS: 1 },
        scheduler: { maxWorkers: NAMES.length, redispatchSeconds: 0, backoffSeconds: 0.1 },
        supervisor: { heartbeatSeconds: 1 },
        witness: {
          ...{ patrolSeconds: 0.5, heartbeatTimeoutSeconds: 6, spawnGraceSeconds: 6, nudgeWaitSeconds: 1 },
          alertCooldownSeconds: 300,
        },
      },
    },
  });
  t.teardown(() => house.close());
  await house.startHub();
  const run = async <T>(...args: string[]): Promise<T> => {
    const { code, json, stderr } = await house.cli(...args);
    if (code !== 0) throw new TypeError(`barnacle ${args.join(" ")}: ${stderr}`);
    return json as T;
  };

  await run("workspace", "init", path.join(dir, "town"));
  const { bare } = originIn(dir);
  const before = git(bare, "rev-parse", "main");
  await run("rig", "add", "barn", bare, "--prefix", "bn");
  await run("rig", "config", "set", "barn", "merge_queue.batch_wait", "0s");
  await run("rig", "config", "set", "barn", "merge_queue.test_command", "! test -e TESTS_FAIL");
  await run("scheduler", "pause");
  const plan = path.join(dir, "plan.json");
  const items = NEEDS.map((needs, i) => ({ title: `Item ${i + 1}`, needs }));
  writeFileSync(plan, JSON.stringify({ items }));
  const goal = await run<Goal>("mayor", "goal", "A new barn", "--rig", "barn", "--file", plan, "--as", "anna");
  t.equal(goal.beads.length, 12);
  const idOf = (item: number): string => goal.beads[item - 1]?.id ?? "";
  for (const item of NEEDS.keys()) writeFileSync(path.join(scripts, `${idOf(item + 1)}.script`), scriptOf(item + 1));
  await run("scheduler", "resume");

  let last: Goal = goal;
  const goalNow = async () => {
    const { result } = await house.call<{ result: Goal[] }>("mayor.goals", {});
    last = result.find(({ id }) => id === goal.id) ?? last;
    return last;
  };
  // Each wait is for one more bead, so that a slow machine has its time for each.
  for (let done = 1; done <= 12; done++) {
    await house.eventually(`${done} of twelve merged`, async () =>
      (await goalNow()).completed >= done ? last : undefined,
    );
  }
  const { convoy } = await house.eventually("the goal reached", async () => {
    const { state, convoy } = await goalNow();
    return state === "done" && convoy !== null ? { convoy } : undefined;
  });

  const landed = await house.eventually("the convoy's landing", async () => {
    const shown = await run<{ status: string; completed: number; total: number }>("convoy", "status", convoy);
    return shown.status === "closed" ? shown : undefined;
  });
  t.match(landed, { completed: 12, total: 12 });
  const events = await run<{ kind: string }[]>("bead", "events", convoy, "--limit", "0");
  t.equal(events.filter(({ kind }) => kind === "closed").length, 1, "closed once");
  const mail = await run<Shown[]>("bead", "list", "--type", "message", "--all", "--limit", "0");
  t.equal(mail.filter(({ title }) => title.includes(convoy) || /landed/i.test(title)).length, 1, "told once");

  t.same(
    git(bare, "ls-tree", "--name-only", "-r", "main")
      .split("\n")
      .filter((file) => /^\d\d\.txt$|TESTS_FAIL/.test(file)),
    NEEDS.map((_, i) => fileOf(i + 1)),
    "main has the work of all twelve, and nothing that failed",
  );
  for (const item of NEEDS.keys()) {
    t.equal(git(bare, "show", `main:${fileOf(item + 1)}`), `item ${item + 1}`, `item ${item + 1} is whole`);
  }
  const subjects = git(bare, "log", "--reverse", "--no-merges", "--format=%s", `${before}..main`).split("\n");
  t.same(
    [...subjects].sort(),
    [...NEEDS.map((_, i) => `Item ${i + 1}`), `Half of ${KILLED}`].sort(),
    "every commit once, also that of the one that was killed",
  );
  for (const [i, needs] of NEEDS.entries()) {
    for (const need of needs) {
      t.ok(subjects.indexOf(`Item ${need}`) < subjects.indexOf(`Item ${i + 1}`), `${i + 1} came after ${need}`);
    }
  }
  for (const bead of await run<Shown[]>("bead", "show", ...goal.beads.map(({ id }) => id))) {
    t.match(bead, { status: "closed", close_reason: /^Merged in [0-9a-f]{40}/ }, bead.title);
  }

  const lives = readFileSync(path.join(scripts, "lives.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { bead: string; agent: string });
  const livesOf = (item: number): number => lives.filter(({ bead }) => bead === idOf(item)).length;
  t.same(
    NEEDS.map((_, i) => i + 1).filter((item) => livesOf(item) > 1),
    [KILLED, STUCK, FAILING],
    "only the three that went wrong were done again",
  );
  t.ok(new Set(lives.map(({ agent }) => agent)).size <= NAMES.length, "by four agents at most");
  const alerts = await run<{ cause: string; subject?: string }[]>("witness", "alerts");
  t.ok(alerts.length > 0, "the witness saw the one that hung");
  const keys = alerts.map((alert) => JSON.stringify([alert.cause, alert.subject]));
  t.equal(new Set(keys).size, keys.length, "one alert for one cause");

  t.same(await run("worktree", "orphans"), [], "no worktree is lost");
  for (const verdict of await run<{ verdict: string; agent: string }[]>("worktree", "list")) {
    if (verdict.verdict !== undefined) t.equal(verdict.verdict, "SAFE_TO_NUKE", verdict.agent);
  }
});
