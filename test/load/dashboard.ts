/**
 * What a hub costs while nothing happens and somebody looks at the dashboard.
 *
 *   node test/load/dashboard.ts [--beads 1000] [--seconds 60] [--json]
 *
 * A real hub with so many beads, a rig, an open convoy, and one reader of `/api/dashboard/events` that has read the five
 * resources once. Processor time is the hub's own, from `/proc`, after a quarter of a minute in which it settles; processes
 * are those that it has started meanwhile, looked for every 50 ms. Limits: 0.5 % of a core, none.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { originIn } from "../../hub/src/rigs/testing.ts";
import { House } from "../support/house.ts";
import { report } from "./machine.ts";
import { childrenOf, cpuSeconds } from "./of-process.ts";

const { values } = parseArgs({
  options: {
    beads: { type: "string", default: "1000" },
    seconds: { type: "string", default: "60" },
    json: { type: "boolean", default: false },
  },
});
const SETTLE_MS = 15_000;
const LOOK_MS = 50;

const dir = mkdtempSync(path.join(tmpdir(), "barnacle-"));
const house = new House(dir);
try {
  const hub = await house.startHub();
  const pid = Number(hub.child.pid);
  const beads = Number(values.beads);
  const lines = Array.from({ length: beads }, (_, i) => JSON.stringify({ id: `hq-${i}x`, title: `Bead ${i}` }));
  writeFileSync(path.join(dir, "beads.jsonl"), lines.join("\n"));
  await house.cli("bead", "import", path.join(dir, "beads.jsonl"));
  await house.cli("workspace", "init", path.join(dir, "town"));
  await house.cli("rig", "add", "shop", originIn(path.join(dir, "from")).bare);
  await house.cli("convoy", "create", "Idle", "hq-0x", "hq-1x");
  const { token } = JSON.parse(readFileSync(path.join(house.hubState, "hub.json"), "utf8")) as { token: string };
  const get = (what: string) =>
    fetch(`${house.url}/api/dashboard/${what}`, { headers: { authorization: `Bearer ${token}` } });
  for (const what of ["overview", "convoys", "agents", "beads", "metrics"]) await (await get(what)).text();
  const stream = (await get("events")).body?.getReader();
  await pause(SETTLE_MS);
  const known = new Set(childrenOf(pid));
  const started = new Set<number>();
  const [from, begun] = [cpuSeconds(pid), performance.now()];
  while (performance.now() - begun < Number(values.seconds) * 1000) {
    for (const child of childrenOf(pid)) if (!known.has(child)) started.add(child);
    await pause(LOOK_MS);
  }
  const percent = ((cpuSeconds(pid) - from) / ((performance.now() - begun) / 1000)) * 100;
  await stream?.cancel();
  report(
    "The town at rest",
    `${beads} beads, one rig, one open convoy, one reader, ${values.seconds} s`,
    `node test/load/dashboard.ts --beads ${beads} --seconds ${values.seconds}`,
    [
      {
        name: "hub at rest with a dashboard open",
        value: Math.round(percent * 100) / 100,
        limit: 0.5,
        unit: "% of a core",
      },
      { name: "processes started meanwhile", value: started.size, limit: 0, unit: "" },
    ],
    values.json,
  );
} finally {
  await house.close();
  rmSync(dir, { recursive: true, force: true });
}
