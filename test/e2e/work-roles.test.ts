import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { originIn } from "../../hub/src/rigs/testing.ts";
import { House } from "../support/house.ts";

t.setTimeout(300_000);

interface Goal {
  readonly id: string;
  readonly state: string;
  readonly completed: number;
  readonly convoy: string;
  readonly beads: readonly { readonly id: string }[];
}

interface Worker {
  readonly address: string;
  readonly hook_bead?: string;
  readonly pid?: number;
}

/** Works at once, but for two: one that says a word and then none, and one that goes on until it is killed; each in its first life only. */
const AGENT = `
import { appendFileSync, existsSync } from "node:fs";
import { createInterface } from "node:readline";
const dir = process.argv[2];
const say = (line) => process.stdout.write(JSON.stringify(line) + "\\n");
process.on("SIGTERM", () => {});
createInterface({ input: process.stdin }).on("line", (text) => {
  const line = JSON.parse(text);
  if (line.type === "accepted") process.exit(0);
  if (line.type !== "task") return;
  const mark = dir + "/" + line.bead;
  const first = !existsSync(mark);
  appendFileSync(mark, process.pid + "\\n");
  if (first && line.title.includes("hang")) return say({ type: "heartbeat" });
  if (first && line.title.includes("slow")) { setInterval(() => say({ type: "heartbeat" }), 200); return; }
  say({ type: "done", summary: "as asked" });
});
setInterval(() => {}, 1000);
`;

t.test(
  "R5.3 R5.4 over processes: one mayor of two that start, a goal reached past a silent agent, a killed one and a killed hub",
  async (t) => {
    const dir = realpathSync(mkdtempSync(path.join(tmpdir(), "barnacle-")));
    t.teardown(() => rmSync(dir, { recursive: true, force: true }));
    writeFileSync(path.join(dir, "agent.mjs"), AGENT);
    const house = new House(dir, {
      hub: {
        work: {
          ...{
            runner: "scripted",
            runners: { scripted: { argv: [process.execPath, path.join(dir, "agent.mjs"), dir] } },
          },
          workers: { restartDelayS: 0.2, graceS: 0.3 },
          witness: { patrolSeconds: 0.5, heartbeatTimeoutSeconds: 2, spawnGraceSeconds: 30, nudgeWaitSeconds: 1 },
          scheduler: { maxWorkers: 2, redispatchSeconds: 0.1 },
          mayor: { leaseSeconds: 5 },
        },
      },
    });
    t.teardown(() => house.close());
    const { bare } = originIn(path.join(dir, "from"));
    await house.startHub();
    await house.cli("workspace", "init", path.join(dir, "town"));
    await house.cli("rig", "add", "shop", bare, "--prefix", "sh");

    const starts = await Promise.all([house.cli("mayor", "start"), house.cli("mayor", "start")]);
    t.same(starts.map(({ code }) => code).sort(), [0, 1], "one of two");
    t.match(
      starts.find(({ code }) => code === 1)?.stderr,
      /has a mayor: hub, since .*"code":"CONFLICT"|CONFLICT.*has a mayor: hub/,
    );

    const items = ["plain", "hang here", "slow one", "last (after 1, 2, 3)"].flatMap((item) => ["-i", item]);
    const asked = await house.cli("mayor", "goal", "Release", "--rig", "shop", ...items, "--as", "anna");
    t.equal(asked.code, 0, asked.stderr);
    const { id, beads } = asked.json as Goal;
    const [, , slow] = beads;
    const victim = await house.eventually("the slow one at work", async () => {
      const { result } = await house.call<{ result: Worker[] }>("workers.list");
      return result.find(
        ({ hook_bead = "", pid }) =>
          hook_bead === slow?.id && pid !== undefined && existsSync(path.join(dir, hook_bead)),
      );
    });
    process.kill(victim.pid as number, "SIGKILL");

    await house.hub?.kill();
    t.match(await house.cli("mayor", "status"), { code: 0, json: [{ state: "running", holder: "hub", term: 1 }] });
    t.match(await house.cli("mayor", "goals"), { json: [{ id, state: "running" }] });
    await house.startHub();
    t.match(await house.cli("mayor", "status"), { json: [{ state: "running", holder: "hub", term: 2 }] }, "taken over");

    const goal = await house.eventually("the goal", async () => {
      const { result } = await house.call<{ result: Goal[] }>("mayor.goals");
      return result.find(({ state }) => state === "done");
    });
    t.match(goal, { id, completed: 4 });
    const list = async (filter: object) =>
      (
        await house.call<{ result: { id: string; status: string; title: string }[] }>("beads.list", {
          all: true,
          ...filter,
        })
      ).result;
    t.match(await list({ type: "convoy" }), [{ id: goal.convoy, title: "Release", status: "closed" }]);
    t.match(await list({ type: "message", assignee: "anna" }), [{ title: "Done: Release" }]);
    const alerts = (await house.cli("witness", "alerts", "shop")).json as { kind: string; bead: string }[];
    // While the hub was away, the killed one said nothing either.
    const hung = alerts.filter(({ kind, bead }) => kind === "silent" && bead === beads[1]?.id);
    t.equal(hung.length, 1, "told once");
    t.match((await house.cli("bead", "show", beads[1]?.id ?? "")).json, [{ attempts: 1, status: "closed" }]);
    t.match((await house.cli("scheduler", "status")).json, { queued_total: 0, active_polecats: 0 });

    await house.cli("scheduler", "pause");
    const { id: waiting } = (await house.cli("bead", "create", "plain", "--prefix", "sh")).json as { id: string };
    const slung = await house.call<{ result: object }>("hooks.sling", { bead: waiting, to: "shop" });
    t.match(slung.result, { bead: waiting, agent: "shop", queued: true });
    t.match((await house.cli("bead", "show", waiting)).json, [{ status: "open" }], "untouched");
    await house.cli("scheduler", "resume");
    await house.eventually("what waited", async () => {
      const { result } = await house.call<{ result: { status: string }[] }>("beads.show", { ids: [waiting] });
      return result.find(({ status }) => status === "closed");
    });
    t.equal((await house.cli("mayor", "stop")).code, 0);
    t.match((await house.cli("supervisor", "beat")).json, { steps: [{ ok: true }, { ok: true }, { ok: true }] });
  },
);
