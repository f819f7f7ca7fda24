import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { Store } from "../store/index.ts";
import { temporaryDirectory } from "../store/testing.ts";
import { AuditTrail } from "./trail.ts";

const FIXTURE = path.join(import.meta.dirname, "kill.fixture.ts");

/** Runs the writer until it has acknowledged `count` more records, then kills it. @returns the last number it printed */
async function writeAndKill(stateDir: string, count: number): Promise<number> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", FIXTURE, stateDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let acknowledged = 0;
  let heard = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Math.max(acknowledged, Number(line));
    if (++heard === count) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  t.equal(child.signalCode, "SIGKILL", "it was killed in the middle of its work");
  return acknowledged;
}

t.test("a hub killed while it writes loses no acknowledged record, leaves no lock, and the chain holds", async (t) => {
  const stateDir = temporaryDirectory(t);
  for (const count of [1, 7, 30, 60]) {
    const acknowledged = await writeAndKill(stateDir, count);
    const store = new Store({ stateDir, clock: new FakeClock(), log: silentLog });
    await store.start();
    const verdict = await new AuditTrail({ store, clock: new FakeClock(), log: silentLog }).verify();
    t.equal(verdict.ok, true);
    t.ok(verdict.records >= acknowledged, `${acknowledged} acknowledged, ${verdict.records} found`);
    await store.stop();
  }
});
