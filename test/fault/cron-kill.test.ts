import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { seededRandom } from "@barnacle/protocol/runtime";
import t from "tap";
import type { CronRun } from "../../hub/src/services.ts";
import { House } from "../support/house.ts";

t.setTimeout(180_000);

const ROUNDS = 6;
/** A job is due each second: a kill falls before, into and after its run. */
const WITHIN_MS = 1300;
const MESSAGE = "what time is it";

interface Claim {
  readonly due_at: number;
  readonly status: string | null;
}

/** What is on disk, read beside the hub or after its end. */
function onDisk({ hubState }: House): { claims: Claim[]; effects: number } {
  const db = new DatabaseSync(path.join(hubState, "barnacle.db"), { readOnly: true });
  try {
    const claims = db.prepare("SELECT due_at, status FROM cron_runs ORDER BY seq").all() as unknown as Claim[];
    const asked = db.prepare("SELECT COUNT(*) AS n FROM transcript WHERE role = 'user' AND instr(message, ?) > 0");
    return { claims, effects: (asked.get(MESSAGE) as { n: number }).n };
  } finally {
    db.close();
  }
}

t.test("a job uses each of its times at most once, however often the hub is killed", async (t) => {
  const random = seededRandom(16);
  const house = new House(t.testdir());
  t.teardown(() => house.close());
  await house.startHub();
  const job = await house.call<{ id: string }>("cron.add", {
    ...{ name: "each second", enabled: true, sessionTarget: "isolated", wakeMode: "now" },
    ...{ schedule: { kind: "every", everyMs: 1000 }, payload: { kind: "agentTurn", message: MESSAGE } },
  });
  for (let round = 0; round < ROUNDS; round++) {
    const before = onDisk(house).claims.length;
    await house.eventually("a run", async () => (onDisk(house).claims.length > before ? true : undefined));
    await pause(Math.round(random.unit() * WITHIN_MS));
    await house.hub?.kill();
    await house.startHub();
  }
  await house.call("cron.update", { id: job.id, patch: { enabled: false } });
  await house.eventually("an end of every run", async () =>
    onDisk(house).claims.every(({ status }) => status !== null) ? true : undefined,
  );
  const { claims, effects } = onDisk(house);
  const times = new Set(claims.map(({ due_at }) => due_at));
  const ok = claims.filter(({ status }) => status === "ok").length;
  const unknown = claims.filter(({ status }) => status === "error").length;
  t.comment(`${claims.length} times claimed: ${ok} done, ${unknown} cut off; ${effects} effects`);
  t.equal(times.size, claims.length, "no time twice");
  t.ok(ok >= ROUNDS, "it goes on after every kill");
  t.ok(effects >= ok && effects <= ok + unknown, "what is logged as done was done, once");
  const { entries } = await house.call<{ entries: CronRun[] }>("cron.runs", { id: job.id, limit: 5000 });
  t.equal(entries.length, claims.length, "and the log tells of each");
});
