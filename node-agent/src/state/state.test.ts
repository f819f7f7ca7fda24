import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import { Type } from "@sinclair/typebox";
import t from "tap";
import { isWeather, lockStateDir, type NodeDatabase, NodeStore, openDatabase, Settings, StateKeeper } from "./index.ts";

t.test("settings survive reopening", async (t) => {
  const dir = t.testdir({});
  const db = openDatabase(dir);
  new Settings(db).set("muted", true);
  db.close();
  const again = openDatabase(dir);
  const settings = new Settings(again);
  t.equal(settings.get("muted", Type.Boolean()), true);
  t.equal(settings.get("absent", Type.Boolean()), undefined);
  t.equal(settings.get("muted", Type.String()), undefined, "a value of another shape reads as absent");
  settings.delete("muted");
  t.equal(settings.get("muted", Type.Boolean()), undefined);
  again.close();
});

t.test("a database that cannot be opened is named", async (t) => {
  const dir = t.testdir({ "node.db": "this is not a database, it is a text of some length ................" });
  t.throws(() => openDatabase(dir), { code: "STATE_UNWRITABLE", message: /node\.db/ });
});

t.test("a second claim on a state directory is refused until the first is released", async (t) => {
  const dir = t.testdir({});
  const release = lockStateDir(dir);
  t.throws(() => lockStateDir(dir), { code: "STATE_LOCKED" });
  release();
  release();
  lockStateDir(dir)();
});

t.test("a claim ends with its process, even by kill -9", async (t) => {
  const dir = t.testdir({});
  const lock = fileURLToPath(new URL("./lock.ts", import.meta.url));
  const script = `const { lockStateDir } = await import(${JSON.stringify(lock)});
    lockStateDir(${JSON.stringify(dir)}); console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  t.throws(() => lockStateDir(dir), { code: "STATE_LOCKED" });
  child.kill("SIGKILL");
  await once(child, "exit");
  lockStateDir(dir)();
});

t.test("an impossible directory is named", async (t) => {
  t.throws(() => lockStateDir(path.join(t.testdir({}), "absent")), { code: "STATE_UNWRITABLE" });
});

t.test("what is there already is not written again", async (t) => {
  const dir = t.testdir({});
  const db = openDatabase(dir);
  const settings = new Settings(db);
  settings.set("household", { words: ["a"] });
  const changes = () => db.prepare("SELECT total_changes() AS n").get()?.n;
  const before = changes();
  settings.set("household", { words: ["a"] });
  t.equal(changes(), before);
  settings.set("household", { words: ["b"] });
  t.not(changes(), before);
  db.close();
});

t.test("a setting that the disk does not take holds, and is written when it does", async (t) => {
  const disk = openDatabase(t.testdir({}));
  const full = { now: true };
  const db: NodeDatabase = {
    isTransaction: false,
    exec: (sql) => disk.exec(sql),
    prepare: (sql) => {
      if (full.now && !sql.startsWith("SELECT"))
        throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
      return disk.prepare(sql);
    },
  };
  const settings = new Settings(db);
  t.notOk(settings.set("muted", true));
  t.equal(settings.get("muted", Type.Boolean()), true);
  t.notOk(settings.retry());
  full.now = false;
  t.ok(settings.retry());
  t.ok(settings.saved);
  t.equal(new Settings(disk).get("muted", Type.Boolean()), true);
  full.now = true;
  t.notOk(settings.delete("muted"));
  t.equal(settings.get("muted", Type.Boolean()), undefined);
  disk.close();
});

t.test(
  "a disk that takes nothing at the start: the node works on a copy in memory, and moves back when it is well",
  async (t) => {
    const dir = t.testdir({ state: {} });
    const state = path.join(dir, "state");
    const before = openDatabase(state);
    new Settings(before).set("muted", true);
    before.exec("INSERT INTO journal (key, fingerprint, started_at, result) VALUES ('k', 'f', 1, NULL)");
    // Not closed: what is in the write-ahead log counts too.
    const hindrance = new DatabaseSync(path.join(state, "node.db"));
    hindrance.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL;");
    const weather = { bad: true };
    const store = new NodeStore({
      stateDir: state,
      log: silentLog,
      open: (where) => {
        if (weather.bad && where === state) throw Object.assign(new Error("read-only file system"), { code: "EROFS" });
        return openDatabase(where);
      },
    });
    store.open();
    const settings = new Settings(store);
    t.notOk(store.durable);
    t.match(store.reason, /read-only/);
    t.equal(settings.get("muted", Type.Boolean()), true, "a mute holds there too");
    settings.set("room", "kitchen");
    t.match(store.prepare("SELECT key FROM journal").all(), [{ key: "k" }]);
    const clock = new FakeClock();
    const told: (string | undefined)[] = [];
    const keeper = new StateKeeper({ store, settings, clock, others: [], changed: (reason) => told.push(reason) });
    await keeper.start();
    await clock.advance(60_000);
    t.equal(told.length, 1);
    hindrance.close();
    before.close();
    weather.bad = false;
    await clock.advance(30_000);
    t.same(told.at(-1), undefined);
    t.ok(store.durable);
    await keeper.stop();
    t.equal(clock.pending, 0);
    t.equal(settings.get("room", Type.String()), "kitchen");
    store.close();
    const after = openDatabase(state);
    t.match(after.prepare("SELECT key, value FROM setting ORDER BY key").all(), [{ key: "muted" }, { key: "room" }]);
    after.close();
  },
);

t.test("only a sick disk is borne", async (t) => {
  t.ok(isWeather(Object.assign(new Error("full"), { errcode: 13 })));
  t.ok(isWeather(new Error("outer", { cause: Object.assign(new Error("x"), { code: "ENOSPC" }) })));
  t.notOk(isWeather(Object.assign(new Error("not a database"), { errcode: 26 })));
  t.notOk(isWeather(Object.assign(new Error("permission"), { code: "EACCES" })));
  t.notOk(isWeather(new Error("other")));
});
