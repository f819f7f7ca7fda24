import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BarnacleError } from "@barnacle/protocol/errors";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { isUpToDate, migrate, ownNumbers } from "./migrate.ts";
import { MIGRATIONS } from "./migrations/index.ts";
import { Store } from "./store.ts";
import { temporaryDirectory, temporaryStore } from "./testing.ts";

function storeIn(stateDir: string, migrations = MIGRATIONS): Store {
  return new Store({ stateDir, clock: new FakeClock(), log: silentLog, migrations });
}

t.test("a new store is private, migrated, and keeps what was written", async (t) => {
  const stateDir = path.join(temporaryDirectory(t), "deep", "state");
  const store = storeIn(stateDir);
  await store.start();
  t.equal(statSync(stateDir).mode & 0o777, 0o700);
  t.equal(statSync(store.file).mode & 0o777, 0o600);
  t.equal(statSync(`${store.file}-wal`).mode & 0o777, 0o600);
  t.equal(statSync(path.join(stateDir, "hub.lock")).mode & 0o777, 0o600);
  t.equal(store.one("PRAGMA synchronous")?.synchronous, 2);
  store.transaction(() => store.run("INSERT INTO device_incarnations VALUES ('a', 1)"));
  await store.stop();
  await store.stop();
  await store.start();
  t.equal(store.one("SELECT incarnation FROM device_incarnations WHERE device_id = ?", "a")?.incarnation, 1);
  t.equal(store.all("SELECT * FROM migrations").length, MIGRATIONS.length);
  await store.stop();
});

t.test("migrations are loaded when one is missing: files and numbers agree", async (t) => {
  t.same(
    ownNumbers(),
    MIGRATIONS.map(({ number }) => number).sort((a, b) => a - b),
  );
  const stateDir = temporaryDirectory(t);
  const store = new Store({ stateDir, clock: new FakeClock(), log: silentLog });
  await store.start();
  t.ok(isUpToDate(store.db));
  store.run("DELETE FROM migrations WHERE number = 31");
  t.notOk(isUpToDate(store.db), "one is missing");
  store.run("INSERT INTO migrations VALUES (31, 'x', 0), (999, 'newer', 0)");
  t.notOk(isUpToDate(store.db), "one is from a newer version");
  await store.stop();
  await t.rejects(store.start(), { code: "STATE_NEWER" });
});

t.test("a second hub on the same directory is refused by name, and admitted after the first stopped", async (t) => {
  const stateDir = temporaryDirectory(t);
  const first = storeIn(stateDir);
  const second = storeIn(stateDir);
  await first.start();
  const refusal = await second.start().catch((error: unknown) => error);
  t.match(refusal, { code: "STATE_LOCKED", details: { stateDir, pid: process.pid } });
  t.match((refusal as BarnacleError).message, stateDir);
  await first.stop();
  await second.start();
  await second.stop();
});

t.test("a transaction that throws leaves nothing, nested ones leave what stood before", async (t) => {
  const store = await temporaryStore(t);
  const put = (id: string) => store.run("INSERT INTO device_incarnations VALUES (?, 1)", id);
  const ids = () => store.all("SELECT device_id FROM device_incarnations ORDER BY 1").map((row) => row.device_id);
  const refuse = () => {
    throw new BarnacleError("CONFLICT", "no");
  };
  t.throws(() => store.transaction(() => [put("a"), refuse()]), { code: "CONFLICT" });
  t.same(ids(), []);
  store.transaction(() => {
    put("b");
    t.throws(() => store.transaction(() => [put("c"), refuse()]), { code: "CONFLICT" });
    store.transaction(() => put("d"));
  });
  t.same(ids(), ["b", "d"]);
  t.throws(() => store.transaction(async () => put("e")), { code: "INTERNAL" });
  t.same(ids(), ["b", "d"]);
});

t.test("commits of one turn share a transaction; one that fails takes nothing else with it", async (t) => {
  const store = await temporaryStore(t);
  const put = (id: string) => store.commit(() => store.run("INSERT INTO device_incarnations VALUES (?, 1)", id));
  const results = await Promise.allSettled([put("a"), put("a"), put("b")]);
  t.same(
    results.map((r) => r.status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  t.equal(store.all("SELECT * FROM device_incarnations").length, 2);
  const last = put("c");
  await store.stop();
  t.equal(await last, 1, "what was asked for before the stop is written");
  await t.rejects(put("d"), { code: "HUB_STOPPING" });
  t.throws(() => store.db, { code: "HUB_STOPPING" });
});

t.test("relaxed writes return to full durability, also after a failure", async (t) => {
  const store = await temporaryStore(t);
  store.relaxed(() => store.run("INSERT INTO device_incarnations VALUES ('a', 1)"));
  t.throws(() => store.relaxed(() => store.run("INSERT INTO device_incarnations VALUES ('a', 1)")));
  t.equal(store.one("PRAGMA synchronous")?.synchronous, 2);
});

t.test("a full disk is named, and the store works on when there is room again", async (t) => {
  const store = await temporaryStore(t);
  const pages = Number(store.one("PRAGMA page_count")?.page_count);
  store.db.exec(`PRAGMA max_page_count = ${pages}`);
  const big = "x".repeat(100_000);
  const fill = () => store.run("INSERT INTO device_incarnations VALUES (?, 1)", big);
  t.throws(() => store.transaction(fill), { code: "STATE_UNWRITABLE" });
  await t.rejects(store.commit(fill), { code: "STATE_UNWRITABLE" });
  store.db.exec("PRAGMA max_page_count = 1000000");
  t.equal(await store.commit(fill), 1);
});

t.test("a directory that cannot be made, a damaged and a newer database are each named", async (t) => {
  const directory = temporaryDirectory(t);
  const file = path.join(directory, "file");
  writeFileSync(file, "");
  await t.rejects(storeIn(path.join(file, "state")).start(), { code: "STATE_UNWRITABLE" });

  const damaged = path.join(directory, "damaged");
  mkdirSync(damaged);
  writeFileSync(path.join(damaged, "barnacle.db"), "this is not a database, whatever its name says".repeat(50));
  await t.rejects(storeIn(damaged).start(), { code: "STATE_DAMAGED" });

  const newer = storeIn(path.join(directory, "newer"), [
    ...MIGRATIONS,
    { number: 999, name: "future", sql: "CREATE TABLE future (a)" },
  ]);
  await newer.start();
  await newer.stop();
  const older = storeIn(path.join(directory, "newer"));
  await t.rejects(older.start(), { code: "STATE_NEWER", message: /migration 999 \(future\)/ });
  t.equal(existsSync(older.file), true);
});

t.test("a damaged page is noticed at the start", async (t) => {
  const store = storeIn(temporaryDirectory(t));
  await store.start();
  store.transaction(() => {
    for (let i = 0; i < 500; i++) store.run("INSERT INTO device_incarnations VALUES (?, 1)", `device ${i}`.repeat(20));
  });
  await store.stop();
  const bytes = readFileSync(store.file);
  bytes.fill(0xff, bytes.length - 8192, bytes.length - 4096);
  writeFileSync(store.file, bytes);
  await t.rejects(store.start(), { code: "STATE_DAMAGED" });
});

t.test("a migration that fails leaves no trace of itself", async (t) => {
  const stateDir = temporaryDirectory(t);
  const broken = { number: 900, name: "broken", sql: "CREATE TABLE half (a); CREATE TABLE half (a)" };
  await t.rejects(storeIn(stateDir, [...MIGRATIONS, broken]).start(), { code: "INTERNAL" });
  const store = storeIn(stateDir);
  await store.start();
  t.same(store.all("SELECT name FROM sqlite_master WHERE name = 'half'"), []);
  await store.stop();
});

t.test(
  "a directory without write permission is named",
  { skip: process.getuid?.() === 0 && "root may write everywhere" },
  async (t) => {
    const stateDir = temporaryDirectory(t);
    chmodSync(stateDir, 0o500);
    await t.rejects(storeIn(stateDir).start(), { code: "STATE_UNWRITABLE" });
  },
);

t.test("Kysely asks on the same connection and leaves transactions to the store", async (t) => {
  const store = await temporaryStore(t);
  const query = await store.query<{ device_incarnations: { device_id: string; incarnation: number } }>();
  await query.insertInto("device_incarnations").values({ device_id: "a", incarnation: 3 }).execute();
  const rows = await query.selectFrom("device_incarnations").selectAll().where("device_id", "=", "a").execute();
  t.match(rows, [{ device_id: "a", incarnation: 3 }]);
  await t.rejects(
    query.transaction().execute(async () => undefined),
    { code: "INTERNAL" },
  );
});

t.test("a write-ahead log torn in the middle loses only what follows the tear", async (t) => {
  const stateDir = temporaryDirectory(t);
  const store = storeIn(stateDir);
  await store.start();
  store.transaction(() => store.run("INSERT INTO device_incarnations VALUES ('kept', 1)"));
  const intact = statSync(`${store.file}-wal`).size;
  store.transaction(() => store.run("INSERT INTO device_incarnations VALUES ('torn', 1)"));

  const torn = storeIn(path.join(stateDir, "after-the-crash"));
  mkdirSync(torn.stateDir);
  for (const suffix of ["", "-wal"]) copyFileSync(store.file + suffix, torn.file + suffix);
  truncateSync(`${torn.file}-wal`, intact + 100);
  await torn.start();
  t.same(torn.all("SELECT device_id FROM device_incarnations"), [{ device_id: "kept" }]);
  await torn.stop();
  await store.stop();
});

t.test("the schema is on disk before anything that stands on it: its last step flushes them all", async (t) => {
  const db = new DatabaseSync(":memory:");
  const said: string[] = [];
  const watched = {
    prepare: (sql: string) => db.prepare(sql),
    exec(sql: string) {
      said.push(sql);
      db.exec(sql);
    },
  };
  const steps = [3, 1, 2].map((number) => ({ number, name: `${number}`, sql: `CREATE TABLE t${number} (a)` }));
  t.same(migrate(watched as DatabaseSync, steps, 0), [1, 2, 3]);
  const order = said.flatMap(
    (sql) => /synchronous = (\w+)|CREATE TABLE (t\d)/.exec(sql)?.slice(1).filter(Boolean) ?? [],
  );
  t.same(order, ["NORMAL", "t1", "NORMAL", "t2", "FULL", "t3"]);
  t.same(migrate(watched as DatabaseSync, steps, 0), []);
  const store = await temporaryStore(t);
  t.equal(store.one("PRAGMA synchronous")?.synchronous, 2);
});
