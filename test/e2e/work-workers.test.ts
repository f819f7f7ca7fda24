import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { originIn } from "../../hub/src/rigs/testing.ts";
import { House } from "../support/house.ts";
import { ROOT } from "../support/process.ts";

t.setTimeout(300_000);

const AGENT = path.join(ROOT, "test", "support", "scripted-agent.ts");

interface End {
  readonly exit: string;
  readonly branch: string;
  readonly commit: string;
  readonly agent: string;
}

interface Life {
  readonly bead: string;
  readonly agent: string;
  readonly life: number;
  readonly pid: number;
}

/** One hub with one rig, whose workers are scripted. */
class Yard {
  readonly house: House;
  readonly scripts: string;
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    this.scripts = path.join(dir, "scripts");
    mkdirSync(this.scripts);
    const argv = [process.execPath, "--disable-warning=ExperimentalWarning", AGENT, this.scripts];
    this.house = new House(dir, {
      hub: {
        work: {
          ...{ runner: "scripted", runners: { scripted: { argv } }, names: { barn: ["toast", "nux", "ace", "slit"] } },
          workers: { restartDelayS: 0.1, graceS: 5 },
          witness: { patrolSeconds: 3600 },
        },
      },
      env: { SECRET_OF_THE_HUB: "secret-of-the-hub" },
    });
  }

  async open(): Promise<void> {
    await this.house.startHub();
    await this.run("workspace", "init", path.join(this.#dir, "yard"));
    await this.run("rig", "add", "barn", originIn(this.#dir).bare, "--prefix", "bn");
  }

  async run<T>(...args: string[]): Promise<T> {
    const { code, json, stderr } = await this.house.cli(...args);
    if (code !== 0) throw new TypeError(`barnacle ${args.join(" ")}: ${stderr}`);
    return json as T;
  }

  /** A new bead of the rig with its script. */
  async bead(title: string, ...script: string[]): Promise<string> {
    const { id } = await this.run<{ id: string }>("bead", "create", title, "--prefix", "bn");
    writeFileSync(path.join(this.scripts, `${id}.script`), script.join("\n"));
    return id;
  }

  ended(bead: string): Promise<End> {
    return this.house.eventually(`the end of ${bead}`, async () => {
      const { result } = await this.house.call<{ result: End[] }>("hooks.ends", { bead });
      return result.find(({ exit }) => exit === "COMPLETED");
    });
  }

  lives(bead: string): Life[] {
    let text = "";
    try {
      text = readFileSync(path.join(this.scripts, "lives.jsonl"), "utf8");
    } catch {
      return [];
    }
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.map((line): Life => JSON.parse(line)).filter((life) => life.bead === bead);
  }

  begun(bead: string, life = 1): Promise<Life> {
    return this.house.eventually(`life ${life} of ${bead}`, async () => this.lives(bead)[life - 1]);
  }

  /** In the mirror. */
  git(...args: string[]): string {
    const repo = path.join(this.#dir, "yard", "barn", "repo.git");
    return execFileSync("git", ["--git-dir", repo, ...args], { encoding: "utf8" }).trim();
  }
}

t.test("R4 work on a hook is done, whoever dies over it", async (t) => {
  // Short, because a socket lies in it.
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), "barnacle-")));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const yard = new Yard(dir);
  const { house } = yard;
  t.teardown(() => house.close());
  await yard.open();

  await t.test("sling, commits in a worktree of its own, done", async (t) => {
    const bead = await yard.bead(
      "Paint the gate",
      ...["heartbeat 200ms", "write gate.txt green", "commit Paint the gate", "progress 50 one side"],
      ...[
        "barnacle bead create Hinge --prefix bn --silent",
        "barnacle convoy create sneaky",
        "run env | grep =",
        "done painted",
      ],
    );
    const slung = await yard.run<object>("sling", bead, "barn", "--args", "two coats");
    t.match(slung, { bead, agent: "barn/polecats/toast", already: false, started: true });
    t.match(await yard.run("sling", bead, "barn"), { already: true }, "once more changes nothing");
    const end = await yard.ended(bead);
    t.match(end, { exit: "COMPLETED", agent: "barn/polecats/toast" });
    t.equal(yard.git("log", "-1", "--format=%an %s", end.commit), "barn/polecats/toast Paint the gate");
    t.equal(yard.git("show", `${end.commit}:gate.txt`), "green");
    await house.eventually("an idle worker", async () => {
      const [polecat] = await yard.run<{ state: string; session_running: boolean }[]>("polecat", "list", "barn");
      return polecat?.state === "idle" && !polecat.session_running ? polecat : undefined;
    });
    t.match(await yard.run("hook", "barn/toast"), { target: "barn/polecats/toast", role: "polecat", has_work: false });
    const { lines } = await yard.run<{ lines: string[] }>("peek", "barn/toast");
    const log = lines.join("\n");
    t.match(log, /barnacle bead create Hinge.*: 0 bn-/, "its own commands reach the hub");
    t.match(log, /barnacle convoy create sneaky: 1 .*POLICY_DENIED/, "a polecat makes no convoys");
    t.match(log, new RegExp(`BARNACLE_BEAD=${bead}`));
    t.notMatch(log, /secret.of.the.hub/i, "nothing of the hub's environment");
    const audit = await yard.run<{ records: { subject: string; principal: object; data: object }[] }>("audit", "list");
    const records = Array.isArray(audit) ? audit : audit.records;
    t.match(
      records.find(
        ({ subject, data }) => subject === "convoys.create" && (data as { effect?: string }).effect === "deny",
      ),
      { principal: { kind: "agent", id: "barn/polecats/toast" } },
    );
  });

  await t.test("kill -9 of the agent: its bead is taken up again by itself", async (t) => {
    const bead = await yard.bead(
      "Oil the hinge",
      ...["write half.txt half", "life 1 sleep 60s", "write hinge.txt oiled", "commit Oil the hinge", "done"],
    );
    await yard.run("sling", bead, "barn");
    const { pid } = await yard.begun(bead);
    process.kill(pid, "SIGKILL");
    const end = await yard.ended(bead);
    t.same(
      yard.lives(bead).map(({ life }) => life),
      [1, 2],
    );
    t.equal(yard.git("show", `${end.commit}:half.txt`), "half", "in the worktree that the first life left");
    const { result } = await house.call<{ result: { worker: { deaths: object[] } } }>("workers.show", {
      address: end.agent,
    });
    t.match(result.worker.deaths, [{ bead, signal: "SIGKILL", why: "it ended before its work did" }]);
  });

  await t.test("kill -9 of the hub: nothing is lost and nothing is done twice", async (t) => {
    const work = (title: string, ...first: string[]) =>
      yard.bead(title, ...first, `write ${title}.txt yes`, `commit ${title}`, "done");
    const meanwhile = await work("meanwhile", "sleep 100ms");
    const longer = await work("longer", "wait-nudge");
    const hung = await work("hung");
    const starting = await work("starting");
    await yard.run("sling", meanwhile, longer, "barn");
    await yard.run("sling", hung, "barn", "--no-start");
    const { pid, agent } = await yard.begun(longer);
    await yard.begun(meanwhile);
    // A sling whose hub dies over it: either it hangs there, or it does not.
    const late = house.cli("sling", starting, "barn");
    await house.hub?.kill();
    await late;
    await house.startHub();
    const { result } = await house.call<{ result: { worker: { pid: number } } }>("workers.show", { address: agent });
    t.equal(result.worker.pid, pid, "the process that ran runs on");
    await yard.run("sling", starting, "barn");
    await house.call("nudges.nudge", { to: agent, text: "go on", mode: "immediate" });
    for (const bead of [meanwhile, longer, hung, starting]) {
      const end = await yard.ended(bead);
      t.equal(yard.lives(bead).length, 1, `one life for ${bead}`);
      t.equal(yard.git("log", "--format=%an", "-1", end.commit), end.agent);
    }
    t.same(await yard.run("hook", "--all"), []);
  });

  await t.test("hand-off: a new session goes on; uncommitted work is not done", async (t) => {
    const bead = await yard.bead(
      "Two sessions",
      ...["life 1 write one.txt 1", "life 1 commit One", "life 1 handoff two is next"],
      ...["write two.txt 2", "life 2 done too early", "commit Two", "done"],
    );
    await yard.run("sling", bead, "barn");
    const end = await yard.ended(bead);
    t.ok(yard.lives(bead).length >= 3, "the life that said done too early ended");
    t.equal(yard.git("show", `${end.commit}:one.txt`), "1");
    t.equal(yard.git("show", `${end.commit}:two.txt`), "2");
    const { lines } = await yard.run<{ lines: string[] }>("peek", end.agent);
    t.match(lines.join("\n"), /not done: not committed: two\.txt/);
  });
});
