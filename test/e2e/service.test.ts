import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t, { type Test as T } from "tap";
import { FakeManager } from "../../protocol/src/supervisor/testing.ts";
import { House, linkUp } from "../support/house.ts";
import type { Running } from "../support/process.ts";

/** Beats come at half of it; the processes need seconds to start on a busy machine, and nothing here waits for it to pass. */
const WATCHDOG_USEC = 400_000;

function manager(t: T): { heard: () => string[]; env: NodeJS.ProcessEnv } {
  const directory = mkdtempSync(path.join(tmpdir(), "barnacle-notify-"));
  const fake = new FakeManager(directory);
  fake.open();
  // A datagram that finds the queue full holds its sender up, and the queue takes ten.
  const reading = setInterval(() => heard(), 20);
  t.teardown(() => {
    clearInterval(reading);
    fake.close();
    rmSync(directory, { recursive: true });
  });
  const all: string[] = [];
  const heard = (): string[] => {
    all.push(...fake.heard());
    return all;
  };
  return { heard, env: { NOTIFY_SOCKET: fake.socket, WATCHDOG_USEC: String(WATCHDOG_USEC) } };
}

const until = (process: Running, what: string, probe: () => boolean): Promise<true> =>
  process.until(what, () => probe() || undefined);

t.test("hub and node tell the service manager when they are ready, that they live, and that they end", async (t) => {
  const { heard, env } = manager(t);
  const beats = (): number => heard().filter((line) => line === "WATCHDOG=1").length;
  const house = new House(t.testdir({}), { env });
  t.teardown(() => house.close());

  const hub = await house.startHub();
  await until(hub, "beats of the hub", () => beats() >= 3);
  t.equal(heard()[0], "READY=1");
  t.match(heard()[1], /^STATUS=gateway ws:\/\/127.0.0.1:\d+, mqtt mqtt:\/\/127.0.0.1:\d+$/);
  const code = await house.setupCode();
  await hub.stop();
  t.same(heard().slice(-2), ["STOPPING=1", "STATUS=stopping"], "nothing comes after it");

  const from = heard().length;
  const node = house.startNode(code);
  await until(node, "beats of the node", () => heard().slice(from).includes("READY=1"));
  const again = await house.startHub();
  await linkUp(node);
  await until(node, "the status", () => heard().some((line) => /^STATUS=.*hub online/.test(line)));
  await again.stop();
  await until(node, "the hub's end", () => heard().some((line) => /^STATUS=.*hub (waiting|connecting)/.test(line)));
  await node.stop();
  t.same(heard().slice(-2), ["STOPPING=1", "STATUS=stopping"]);
});
