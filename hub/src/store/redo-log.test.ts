import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BarnacleError } from "@barnacle/protocol/errors";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import fc from "fast-check";
import t, { type Test } from "tap";
import { redo } from "./migrations/020-redo.ts";
import { RedoFile } from "./redo-file.ts";
import { Store } from "./store.ts";
import { temporaryDirectory } from "./testing.ts";

const MIGRATIONS = [redo, { number: 1, name: "words", sql: "CREATE TABLE words (word TEXT PRIMARY KEY) STRICT" }];
const FILES = ["barnacle.db", "barnacle.db-wal", "barnacle.redo"];

/** Fails when a test says so, before or after its bytes are on disk. */
class TestFile extends RedoFile {
  fail: "before" | "after" | undefined;
  atAppend: ((when: "before" | "after") => void) | undefined;

  override append(seq: number, text: string): void {
    this.atAppend?.("before");
    if (this.fail === "before") throw new BarnacleError("INTERNAL", "no write");
    super.append(seq, text);
    this.atAppend?.("after");
    if (this.fail === "after") throw new BarnacleError("INTERNAL", "no flush");
  }
}

interface Bench {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly file: () => TestFile | undefined;
  put(word: string): Promise<number>;
  /** Ordinary: the database commits. */
  set(word: string): Promise<number>;
  words(): string[];
  /** What a hub finds that starts on what is on disk now. */
  afterCrash(): Promise<string[]>;
}

async function bench(t: Test): Promise<Bench> {
  const dir = temporaryDirectory(t);
  const clock = new FakeClock();
  let file: TestFile | undefined;
  const openRedoFile = (name: string) => {
    file = new TestFile(name);
    return file;
  };
  const store = new Store({
    stateDir: path.join(dir, "state"),
    clock,
    log: silentLog,
    migrations: MIGRATIONS,
    openRedoFile,
  });
  await store.start();
  t.teardown(() => store.stop());
  const insert = (word: string) => store.run("INSERT INTO words VALUES (?)", word);
  let copies = 0;
  return {
    ...{ store, clock, file: () => file },
    put: (word) => store.commitByLog(() => insert(word)),
    set: (word) => store.commit(() => insert(word)),
    words: () => wordsOf(store),
    async afterCrash() {
      const stateDir = path.join(dir, `copy-${copies++}`);
      copyState(store.stateDir, stateDir);
      const copy = new Store({ stateDir, clock, log: silentLog, migrations: MIGRATIONS });
      await copy.start();
      const words = wordsOf(copy);
      await copy.stop();
      await copy.start();
      t.same(wordsOf(copy), words, "once more gives the same");
      await copy.stop();
      rmSync(stateDir, { recursive: true });
      return words;
    },
  };
}

function copyState(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 });
  for (const name of FILES)
    if (existsSync(path.join(from, name))) copyFileSync(path.join(from, name), path.join(to, name));
}

function wordsOf(store: Store): string[] {
  return store.all("SELECT word FROM words ORDER BY rowid").map((row) => String(row.word));
}

/** What is in the database's own files. */
function folded({ store }: Bench): number {
  const db = new DatabaseSync(store.file, { readOnly: true });
  try {
    return Number(db.prepare("SELECT count(*) AS n FROM words").get()?.n);
  } finally {
    db.close();
  }
}

t.test("rows are seen at once, survive a crash, and reach the database within a second", async (t) => {
  const b = await bench(t);
  await b.put("a");
  await b.put("b");
  t.same(b.words(), ["a", "b"]);
  t.equal(folded(b), 0, "the log alone has them");
  t.same(await b.afterCrash(), ["a", "b"]);
  await b.clock.advance(1000);
  t.equal(folded(b), 2);
  t.same(await b.afterCrash(), ["a", "b"]);
  await b.put("c");
  t.equal(folded(b), 2);
  await b.store.stop();
  t.equal(folded(b), 3, "an orderly end leaves nothing to the log");
});

t.test("what else is written takes the log's rows along, each in its own right", async (t) => {
  const b = await bench(t);
  const wait = async (word: string, write: () => unknown) => {
    await b.put(word);
    await write();
    t.equal(folded(b), b.words().length, `${word}: all of it`);
  };
  await wait("a", () => b.set("A"));
  await wait("b", () => b.store.transaction(() => b.store.run("INSERT INTO words VALUES ('B')")));
  await wait("c", () => b.store.run("INSERT INTO words VALUES ('C')"));
  await wait("d", () => b.store.one("INSERT INTO words VALUES ('D') RETURNING word"));
  await wait("e", () => b.store.relaxed(() => b.store.run("INSERT INTO words VALUES ('E')")));
  await wait("f", () => b.store.db.exec("INSERT INTO words VALUES ('F')"));
  await wait("g", async () =>
    (await b.store.query<{ words: { word: string } }>()).insertInto("words").values({ word: "G" }).execute(),
  );
  await wait("h", () => Promise.all([b.put("H"), b.set("I")]));
  t.same(b.words(), [..."aAbBcCdDeEfFgGhHI"]);
  t.same(await b.afterCrash(), b.words());
});

t.test("what fails takes nothing with it, in the log as in the database", async (t) => {
  const b = await bench(t);
  await b.put("a");
  await t.rejects(b.put("a"), { code: "INTERNAL", message: /UNIQUE/ });
  const results = await Promise.allSettled([b.put("b"), b.put("b"), b.put("c")]);
  t.same(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  await b.store.commitByLog(() => {
    b.store.run("INSERT INTO words VALUES ('d')");
    t.throws(() => b.store.run("INSERT INTO words VALUES ('d')"));
    const undone = () => [b.store.run("INSERT INTO words VALUES ('e')"), b.store.run("INSERT INTO words VALUES ('a')")];
    t.throws(() => b.store.transaction(undone));
  });
  t.throws(() => b.store.transaction(() => [b.store.run("INSERT INTO words VALUES ('f')"), b.store.run("nonsense")]));
  t.same(b.words(), ["a", "b", "c", "d"]);
  t.equal(folded(b), 0);
  t.same(await b.afterCrash(), ["a", "b", "c", "d"]);
  await t.rejects(b.set("a"));
  t.same(b.words(), ["a", "b", "c", "d"]);
  t.same(await b.afterCrash(), ["a", "b", "c", "d"]);
  await t.rejects(
    b.store.commitByLog(() => b.store.db),
    { code: "INTERNAL", message: /Store.run/ },
  );
  t.equal(await b.store.commitByLog(() => b.words().length), 4, "one that only reads");
});

t.test("a full log is no end: the database takes over and the log starts anew", async (t) => {
  const b = await bench(t);
  const many = 1200;
  for (let i = 0; i < many; i++) await b.put(`word ${i}`);
  t.equal(b.words().length, many);
  t.ok(folded(b) >= 1024 && folded(b) < many);
  t.equal((await b.afterCrash()).length, many);
  const huge = "x".repeat(3_000_000);
  await b.put(huge);
  t.equal(folded(b), many + 1, "too long for any log");
});

t.test("a log that cannot be kept or written costs time, not rows", async (t) => {
  const b = await bench(t);
  await b.put("a");
  for (const when of ["before", "after"] as const) {
    const file = b.file();
    if (file) file.fail = when;
    await t.rejects(b.put(`no ${when}`), { code: "STATE_UNWRITABLE", message: /barnacle.redo/ });
    t.notMatch(b.words(), [`no ${when}`]);
    await b.put(`${when} a`);
    t.equal(folded(b), b.words().length, "by the database from then on");
    t.same(await b.afterCrash(), b.words());
    await b.store.stop();
    await b.store.start();
    await b.put(`${when} b`);
  }
  t.same(b.words(), ["a", "before a", "before b", "after a", "after b"]);

  const none = await bench(t);
  mkdirSync(path.join(none.store.stateDir, "barnacle.redo"));
  await none.put("a");
  t.equal(folded(none), 1);
});

t.test("on a full disk what the log has is kept, and nothing more is taken before there is room", async (t) => {
  const b = await bench(t);
  const free = () => b.store.run("PRAGMA max_page_count = 1000000");
  await b.put("a");
  b.store.db.exec(`PRAGMA max_page_count = ${Number(b.store.one("PRAGMA page_count")?.page_count) + 1}`);
  const long = "x".repeat(3000);
  await b.put("b");
  await t.rejects(b.put(long.repeat(3)), { code: "STATE_UNWRITABLE" });
  t.throws(() => b.store.transaction(() => b.store.run("INSERT INTO words VALUES (?)", long.repeat(3))), {
    code: "STATE_UNWRITABLE",
  });
  t.same(b.words(), ["a", "b"]);
  t.same(await b.afterCrash(), ["a", "b"]);
  free();
  await b.put("c");
  t.same(await b.afterCrash(), ["a", "b", "c"]);
});

t.test("the log of another state of the database is named, not mixed in", async (t) => {
  const b = await bench(t);
  await b.put("a");
  await b.clock.advance(1000);
  const older = path.join(b.store.stateDir, "..", "older");
  copyState(b.store.stateDir, older);
  for (const word of ["b", "c"]) {
    await b.put(word);
    await b.clock.advance(1000);
  }
  await b.put("d");
  copyFileSync(path.join(b.store.stateDir, "barnacle.redo"), path.join(older, "barnacle.redo"));
  const mixed = () => new Store({ stateDir: older, clock: b.clock, log: silentLog, migrations: MIGRATIONS });
  await t.rejects(mixed().start(), { code: "STATE_DAMAGED", message: /record 4 follows 1/, hint: /copy/ });
  rmSync(path.join(older, "barnacle.redo"));
  const moved = mixed();
  await moved.start();
  t.same(wordsOf(moved), ["a"]);
  await moved.stop();

  await b.store.stop();
  const db = new DatabaseSync(b.store.file);
  db.exec("UPDATE redo SET seq = 3; INSERT INTO words VALUES ('another')");
  db.exec("DELETE FROM words WHERE word <> 'd'");
  db.close();
  await t.rejects(b.store.start(), { code: "STATE_DAMAGED", message: /UNIQUE/ });
});

t.test("wherever a hub is killed, what was acknowledged is there once, and nothing that was refused", async (t) => {
  const step = fc.constantFrom("put", "put", "put", "together", "set", "clash", "wait", "restart");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const b = await bench(t);
      const acknowledged: string[] = [];
      let n = 0;
      for (const what of steps) {
        const fresh = `${n++}`;
        const earlier = [...acknowledged];
        const seen: Promise<string[]>[] = [];
        const file = b.file();
        if (file) file.atAppend = () => seen.push(b.afterCrash());
        if (what === "put") acknowledged.push((await b.put(fresh)) === 1 ? fresh : "?");
        if (what === "set") acknowledged.push((await b.set(fresh)) === 1 ? fresh : "?");
        if (what === "together") {
          await Promise.all([b.put(fresh), b.put(`${fresh}!`)]);
          acknowledged.push(fresh, `${fresh}!`);
        }
        if (what === "clash" && acknowledged[0] !== undefined) await t.rejects(b.put(acknowledged[0]));
        if (what === "wait") await b.clock.advance(1000);
        if (what === "restart") {
          await b.store.stop();
          await b.store.start();
        }
        const [before, after] = await Promise.all(seen);
        if (before) t.same(before, earlier, "killed before the record was written");
        if (after) t.same(after, acknowledged, "killed when it was, before anybody was told");
        t.same(b.words(), acknowledged);
        t.same(await b.afterCrash(), acknowledged, steps.join());
      }
      await b.store.stop();
    }),
    { numRuns: 15 },
  );
});
