import t, { type Test as T } from "tap";
import { capturedIo, FakeGateway, type Ran, runCli, temporaryHome } from "../testing.ts";

const job = {
  ...{ id: "0197f4c2-aaaa", name: "bins", enabled: true, createdAtMs: 1, updatedAtMs: 1, wakeMode: "now" },
  ...{ sessionTarget: "main", schedule: { kind: "cron", expr: "0 19 * * 3", tz: "UTC" } },
  ...{
    payload: { kind: "systemEvent", text: "bins out" },
    state: { nextRunAtMs: 1_800_000_000_000, lastStatus: "ok" },
  },
};
const once = { ...job, id: "0197f4c2-bbbb", name: "tea", enabled: false, schedule: { kind: "at", atMs: 0 }, state: {} };
const run = { ts: 2, jobId: job.id, action: "finished", status: "error", error: "no model", runAtMs: 1, durationMs: 7 };

async function setUp(t: T): Promise<{ fake: FakeGateway; cli: (...argv: string[]) => Promise<Ran> }> {
  const fake = await FakeGateway.start({
    "cron.list": () => ({ jobs: [job, once] }),
    "cron.add": () => job,
    "cron.run": ({ id }) => (id === once.id ? { ok: true, ran: false, reason: "not-due" } : { ok: true, ran: true }),
    "cron.remove": ({ id }) => ({ ok: true, removed: id === job.id }),
    "cron.runs": () => ({ entries: [{ ...run, ts: 1, status: "ok" }, run] }),
  });
  t.teardown(() => fake.stop());
  const home = temporaryHome(t.teardown.bind(t));
  const env = { BARNACLE_URL: fake.url, BARNACLE_TOKEN: fake.token };
  return { fake, cli: (...argv) => runCli(["cron", ...argv], capturedIo({ home, env })) };
}

t.test("jobs and runs are lists", async (t) => {
  const { cli } = await setUp(t);
  t.match(JSON.parse((await cli("list", "--json")).out), [
    { id: job.id },
    { id: once.id, schedule: { kind: "at", at: "1970-01-01T00:00:00.000Z" } },
  ]);
  t.match((await cli("list")).out, /bins\t0 19 \* \* 3 UTC\t2027-.*\tok\n.*tea\tonce\toff/);
  const { out } = await cli("runs", "bins", "--json");
  t.match(JSON.parse(out), [{ status: "error" }, { status: "ok" }], "newest first");
  t.match((await cli("runs")).out, /error\t7 ms\tno model/);
});

t.test("a job is added in the words of the command line", async (t) => {
  const { cli, fake } = await setUp(t);
  const added = async (...argv: string[]) => {
    t.equal((await cli("add", "x", ...argv)).code, 0, argv.join(" "));
    return fake.calls.findLast(({ method }) => method === "cron.add")?.params;
  };
  t.match(await added("--cron", "0 7 * * *", "--tz", "UTC", "--text", "up"), {
    ...{ name: "x", enabled: true, sessionTarget: "main", schedule: { kind: "cron", expr: "0 7 * * *", tz: "UTC" } },
    payload: { kind: "systemEvent", text: "up" },
  });
  t.match(await added("--every", "1h30m", "--message", "look", "--to", "kitchen"), {
    ...{ sessionTarget: "isolated", schedule: { kind: "every", everyMs: 5_400_000 } },
    payload: { kind: "agentTurn", message: "look", deliver: true, channel: "rooms", to: "kitchen" },
  });
  t.match(await added("--at", "2030-01-01T00:00:00Z", "--message", "hello", "--delete-after-run"), {
    ...{ deleteAfterRun: true, schedule: { kind: "at", atMs: Date.UTC(2030, 0, 1) } },
  });
  t.match(await added("--at", "4m", "--text", "tea"), { schedule: { kind: "at", atMs: Number } });
  const wrong = [
    ["--text", "x"],
    ["--every", "1h", "--at", "4m", "--text", "x"],
    ["--every", "1h"],
    ["--every", "often", "--text", "x"],
    ["--at", "noon", "--text", "x"],
    ["--every", "1h", "--text", "x", "--to", "kitchen"],
  ];
  for (const argv of wrong) t.equal((await cli("add", "x", ...argv)).code, 2, argv.join(" "));
});

t.test("a job is meant by id, by its beginning or by name", async (t) => {
  const { cli, fake } = await setUp(t);
  t.match(await cli("run", "bins"), { code: 0, out: /It ran/ });
  t.match(fake.calls.at(-1), { method: "cron.run", params: { id: job.id, mode: "force" } });
  t.match(await cli("run", "0197f4c2-b", "--due"), { code: 1, out: /did not run: not-due/ });
  t.match(await cli("rm", job.id), { code: 0, out: /Removed/ });
  t.match(await cli("rm", "tea"), { code: 1 });
  t.match(await cli("rm", "0197f4c2"), { code: 1, err: /2 jobs are meant/ });
  t.match(await cli("rm", "nothing"), { code: 1, err: /no job is called nothing/ });
});
