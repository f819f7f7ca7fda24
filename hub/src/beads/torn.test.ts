import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import path from "node:path";
import { silentLog, systemClock } from "@barnacle/protocol/runtime";
import t from "tap";
import { Store } from "../store/index.ts";
import { temporaryDirectory } from "../store/testing.ts";
import { checkBeads, EventLog, replay } from "./index.ts";
import { rowsOf, testBeads } from "./testing.ts";

/** How many places of the last transaction are torn at; every byte: BARNACLE_TORN=all. */
const PLACES = process.env.BARNACLE_TORN === "all" ? Number.POSITIVE_INFINITY : 60;
const FRAME = 4096 + 24;

t.test("R3.6 a write torn at any byte of the last transaction costs at most that transaction", async (t) => {
  const { beads, store, add } = await testBeads(t);
  const first = await add({ title: "first" });
  const second = await add({ title: "second", dependencies: [{ on: first }] });
  const wal = `${store.file}-wal`;
  const before = { size: statSync(wal).size, lines: [...beads.export()] };
  await beads.write("anna", (writer) => {
    writer.closing.close(first, { reason: "x".repeat(6000) });
    writer.create({ title: "third", parent: second });
  });
  const after = { size: statSync(wal).size, lines: [...beads.export()] };
  t.ok(after.size > before.size + 2 * FRAME, "several pages");
  const step = Math.max(1, Math.floor((after.size - before.size) / PLACES));
  const places = new Set([before.size, after.size - 1, after.size]);
  for (let at = before.size; at < after.size; at += step) places.add(at);
  for (let at = before.size; at < after.size; at += FRAME) for (const by of [-1, 0, 1]) places.add(at + by);
  const seen = { before: 0, after: 0 };
  for (const at of places) {
    if (at < before.size) continue;
    const stateDir = path.join(temporaryDirectory(t), "state");
    mkdirSync(stateDir, { mode: 0o700 });
    copyFileSync(store.file, path.join(stateDir, "barnacle.db"));
    copyFileSync(wal, path.join(stateDir, "barnacle.db-wal"));
    truncateSync(path.join(stateDir, "barnacle.db-wal"), at);
    const torn = new Store({ stateDir, clock: systemClock, log: silentLog });
    await torn.start();
    const lines = torn.all("SELECT line FROM beads ORDER BY seq").map((row) => String(row.line));
    const which = JSON.stringify(lines) === JSON.stringify(after.lines) ? "after" : "before";
    if (which === "before" && JSON.stringify(lines) !== JSON.stringify(before.lines))
      t.same(lines, before.lines, `${at}`);
    seen[which]++;
    if (checkBeads(torn).drift.length > 0) t.same(checkBeads(torn).drift, [], `${at}`);
    await torn.stop();
    rmSync(stateDir, { recursive: true });
  }
  t.equal(seen.after, 1, "only the whole file has the last transaction");
  t.ok(seen.before > 30, `${seen.before} torn places`);
  t.ok(readFileSync(wal).length === after.size);
  const rebuilt = await testBeads(t);
  replay(rebuilt.store, new EventLog(store).list({ limit: 0 }));
  t.same(rowsOf(rebuilt.store), rowsOf(store));
});
