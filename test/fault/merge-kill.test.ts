import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Events, silentLog, systemClock, systemRandom } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { Beads } from "../../hub/src/beads/index.ts";
import { Evidence } from "../../hub/src/refinery/evidence.ts";
import { Refinery } from "../../hub/src/refinery/index.ts";
import { requests } from "../../hub/src/refinery/requests.ts";
import { rigPort, TestRig } from "../../hub/src/refinery/testing.ts";
import { Store } from "../../hub/src/store/index.ts";
import type { TownEvents } from "../../hub/src/town/part.ts";

t.setTimeout(300_000);

const GOOD = ["a", "c"];
const BAD = "b";
const RED = "! ls *.bad 2>/dev/null";

interface House {
  readonly stateDir: string;
  readonly root: string;
  readonly rig: TestRig;
}

/** Two good branches and a bad one, handed in to a hub that is not running. */
async function house(t: Test): Promise<House> {
  const root = mkdtempSync(path.join(tmpdir(), "barnacle-merge-"));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const rig = new TestRig(root);
  rig.make();
  const made = { stateDir: path.join(root, "state"), root, rig };
  await inside(made, async (beads, refinery) => {
    for (const name of ["a", "b", "c"]) {
      rig.branch(name, { [`${name}.${name === BAD ? "bad" : "txt"}`]: "x\n" });
      const bead = await beads.write("anna", (writer) => writer.create({ title: name }).id);
      const worker = `garden/polecats/${name}`;
      await refinery.submit(worker, { rig: "garden", branch: name, bead, worker });
    }
  });
  return made;
}

/** The store of a hub that is not running. */
async function inside<T>(
  { stateDir, rig }: House,
  use: (beads: Beads, refinery: Refinery, store: Store) => T,
): Promise<T> {
  const shared = { clock: systemClock, log: silentLog, random: systemRandom };
  const store = new Store({ ...shared, stateDir });
  await store.start();
  const beads = new Beads({ ...shared, store, events: new Events() });
  const more = { events: new Events<TownEvents>(), env: process.env, rigs: rigPort(rig) };
  try {
    return await use(beads, new Refinery({ ...shared, ...more, store, beads }), store);
  } finally {
    await store.stop();
  }
}

/** Runs a refinery until it rests or dies. */
function run({ stateDir, root }: House, settings: object, deadly = ""): Promise<string | number | null> {
  const file = path.join(import.meta.dirname, "merge-child.ts");
  const args = ["--disable-warning=ExperimentalWarning", file, stateDir, root, JSON.stringify(settings), deadly];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "inherit", "inherit"],
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
}

/** Exactly the good work is in the target, each once; everything says the same; nobody's work is lost. */
async function check(t: Test, made: House): Promise<void> {
  const { rig } = made;
  t.same(
    rig.subjects().sort(),
    GOOD.map((name) => `${name}: work`),
    "the target has the good work, once",
  );
  t.equal(rig.tip("main", rig.repo), rig.tip());
  await inside(made, (beads, _refinery, store) => {
    const all = requests(store, { rig: "garden", all: true, limit: 0 }, 0);
    for (const { branch, state, source_issue = "", merge_commit, retry_count, rework } of all) {
      const source = beads.reads.get(source_issue);
      if (branch === BAD) {
        t.match(
          { state, retry_count, rework },
          { state: "open", retry_count: 1, rework: { reason: "gates" } },
          "b came back",
        );
        t.match(source, { status: "open", attempts: 1 });
        t.ok(rig.tip(BAD, rig.repo), "its branch is there");
      } else {
        t.equal(state, "closed", `${branch} is done`);
        t.match(source, { status: "closed", close_reason: `Merged in ${merge_commit}` });
        t.equal(rig.tip(branch, rig.repo), undefined);
      }
    }
    const merges = new Evidence(store).list("garden", 0);
    t.same(merges.map(({ branch }) => branch).sort(), GOOD, "evidence of each, once");
    t.same(
      merges.map(({ branch, commits }) => commits.map(({ subject }) => subject === `${branch}: work`)),
      GOOD.map(() => [true]),
      "with its own commit",
    );
    t.equal(merges[0]?.merged ?? "", rig.tip() ?? "-");
    const mail = beads.reads
      .list({ type: "message", all: true, limit: 0 })
      .map(({ title, assignee }) => `${title} ${assignee}`);
    t.same(mail.sort(), [...new Set(mail)].sort(), "no mail twice");
    for (const name of GOOD) t.ok(mail.includes(`MERGED ${name} garden/polecats/${name}`));
    t.ok(mail.includes("REWORK_REQUEST b garden/polecats/b"));
    t.equal(store.one("SELECT count(*) AS n FROM merge_runs WHERE stage != 'done'")?.n, 0, "no run is left");
  });
}

for (const step of ["claimed", "culprit", "tested", "pushing", "pushed", "recorded"]) {
  t.test(`killed when ${step}`, async (t) => {
    const made = await house(t);
    const settings = { test_command: RED, retry_flaky_tests: 0 };
    t.equal(await run(made, settings, step), "SIGKILL");
    t.equal(await run(made, settings), 0);
    await check(t, made);
  });
}

t.test("killed while a command runs: what it started ends, and is no verdict", async (t) => {
  const made = await house(t);
  const [once, left] = [path.join(made.root, "once"), path.join(made.root, "left")];
  // The first time it kills the hub, and goes on by itself.
  const deadly = `[ -e ${once} ] || { echo $$ > ${left}; touch ${once}; kill -9 $PPID; sleep 300; }; ${RED}`;
  const settings = { test_command: deadly, retry_flaky_tests: 0 };
  t.equal(await run(made, settings), "SIGKILL");
  const pid = Number(readFileSync(left, "utf8"));
  t.ok(alive(pid), "it outlived the hub");
  t.equal(await run(made, settings), 0);
  t.notOk(alive(pid), "and was ended by the next");
  await check(t, made);
});

t.test("somebody else pushed while the hub was down", async (t) => {
  const made = await house(t);
  const settings = { test_command: RED, retry_flaky_tests: 0 };
  t.equal(await run(made, settings, "pushing"), "SIGKILL");
  made.rig.pushed({ "theirs.txt": "x\n" });
  t.equal(await run(made, settings), 0);
  t.same(made.rig.subjects(), ["somebody else's", "a: work", "c: work"]);
});

/** What only waits to be collected does not count. */
function alive(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return false;
  return !/^.*\) Z/.test(readFileSync(file, "utf8"));
}
