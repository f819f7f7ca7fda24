import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import fc from "fast-check";
import t, { type Test } from "tap";
import type { AuditEntry } from "../services.ts";
import type { Store } from "../store/index.ts";
import { temporaryStore } from "../store/testing.ts";
import { canonicalJson } from "./canonical.ts";
import { checkpointFile } from "./checkpoint.ts";
import { hashOf } from "./record.ts";
import { AuditTrail } from "./trail.ts";

const CLOCK = new FakeClock();

async function trailOn(t: Test, clock = CLOCK): Promise<{ store: Store; trail: AuditTrail }> {
  const store = await temporaryStore(t, clock);
  return { store, trail: new AuditTrail({ store, clock, log: silentLog }) };
}

function entry(n: number, data: AuditEntry["data"] = {}): AuditEntry {
  return {
    kind: "decision",
    principal: { kind: "operator", id: "anna", name: undefined },
    subject: `s${n}`,
    data: { n, ...data },
  };
}

function unlockTables(store: Store): void {
  for (const name of ["audit_no_update", "audit_no_delete", "audit_head_no_delete", "audit_head_forward"]) {
    store.db.exec(`DROP TRIGGER ${name}`);
  }
}

t.test("records are numbered, chained and listed in order, also when written at the same time", async (t) => {
  const { trail } = await trailOn(t);
  t.match(await trail.verify(), { ok: true, records: 0 });
  const written = await Promise.all([1, 2, 3, 4].map((n) => trail.append(entry(n))));
  t.same(
    written.map((r) => r.seq),
    [1, 2, 3, 4],
  );
  t.equal(written[1]?.previous, written[0]?.hash);
  t.same(await trail.list({ after: 2 }), written.slice(2));
  t.same(await trail.list({ limit: 2 }), written.slice(2));
  t.same(await trail.list(), written);
  t.same(await trail.verify(), { ok: true, records: 4, head: written[3]?.hash });
});

t.test("records cannot be changed or removed by ordinary means", async (t) => {
  const { store, trail } = await trailOn(t);
  await trail.append(entry(1));
  t.throws(() => store.run("UPDATE audit SET subject = 'x'"), /append-only/);
  t.throws(() => store.run("DELETE FROM audit"), /append-only/);
  t.throws(() => store.run("DELETE FROM audit_head"), /append-only/);
  t.throws(() => store.run("UPDATE audit_head SET seq = 0"), /append-only/);
});

t.test("any edited, removed, inserted or reordered record, and any cut tail, is found", async (t) => {
  const { store, trail } = await trailOn(t);
  for (let n = 1; n <= 12; n++) trail.record(entry(n, { text: `value ${n}`, at: n * 1.5 }));
  unlockTables(store);
  const columns = ["at", "kind", "principal", "subject", "data", "previous", "hash"] as const;
  const tampering = fc.oneof(
    fc.record({
      do: fc.constant("edit" as const),
      seq: fc.integer({ min: 1, max: 12 }),
      column: fc.constantFrom(...columns),
      tail: fc.constantFrom(" ", "0", "x"),
    }),
    fc.record({ do: fc.constant("forge" as const), seq: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ do: fc.constant("remove" as const), seq: fc.integer({ min: 1, max: 12 }) }),
    fc.record({
      do: fc.constant("swap" as const),
      pair: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 2 }),
    }),
    fc.record({ do: fc.constant("cut" as const), from: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ do: fc.constant("insert" as const), seq: fc.constantFrom(-1, 0, 13) }),
  );
  await fc.assert(
    fc.asyncProperty(tampering, async (what) => {
      store.db.exec("SAVEPOINT tampering");
      let expected: number;
      if (what.do === "edit") {
        const value = what.column === "at" ? "at + 1" : `${what.column} || '${what.tail}'`;
        store.db.exec(`UPDATE audit SET ${what.column} = ${value} WHERE seq = ${what.seq}`);
        expected = what.seq;
      } else if (what.do === "forge") {
        const [record] = await trail.list({ after: what.seq - 1, limit: 1 });
        if (!record) return;
        const forged = hashOf({ ...record, subject: "forged" });
        store.run("UPDATE audit SET subject = 'forged', hash = ? WHERE seq = ?", forged, what.seq);
        expected = what.seq + 1;
      } else if (what.do === "remove") {
        store.db.exec(`DELETE FROM audit WHERE seq = ${what.seq}`);
        expected = what.seq;
      } else if (what.do === "swap") {
        const [a, b] = what.pair as [number, number];
        store.db.exec(`UPDATE audit SET seq = -1 WHERE seq = ${a}; UPDATE audit SET seq = ${a} WHERE seq = ${b};
          UPDATE audit SET seq = ${b} WHERE seq = -1`);
        expected = Math.min(a, b);
      } else if (what.do === "cut") {
        store.db.exec(`DELETE FROM audit WHERE seq >= ${what.from}`);
        expected = what.from;
      } else {
        store.db.exec(`INSERT INTO audit SELECT ${what.seq}, at, kind, principal, subject, data, previous, hash
          FROM audit WHERE seq = 12`);
        expected = what.seq === 13 ? 13 : 0;
      }
      const verdict = await trail.verify();
      store.db.exec("ROLLBACK TO tampering; RELEASE tampering");
      t.equal(verdict.ok, false);
      if (!verdict.ok) t.equal(verdict.seq, expected, `${JSON.stringify(what)}: ${verdict.problem}`);
    }),
    { numRuns: 200 },
  );
  t.match(await trail.verify(), { ok: true, records: 12 });
});

t.test("a tail cut together with the head is found by the checkpoint file", async (t) => {
  const clock = new FakeClock();
  const { store, trail } = await trailOn(t, clock);
  await trail.start();
  for (let n = 1; n <= 5; n++) await trail.append(entry(n));
  await clock.advance(5_000);
  const file = checkpointFile(store.stateDir);
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal(JSON.parse(readFileSync(file, "utf8")).seq, 5);
  unlockTables(store);
  store.db.exec(`DELETE FROM audit WHERE seq > 3;
    UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3)`);
  t.match(await trail.verify(), { ok: false, records: 3, seq: 4, problem: /cut.*5/ });
  writeFileSync(file, '{"seq": 2, "hash": "another"}');
  t.match(await trail.verify(), { ok: false, seq: 2, problem: /checkpoint/ });
  writeFileSync(file, "nonsense");
  t.match(await trail.verify(), { ok: false, problem: /damaged/ });
  rmSync(file);
  t.match(await trail.verify(), { ok: true, records: 3 });
  store.db.exec("DELETE FROM audit_head");
  t.match(await trail.verify(), { ok: false, problem: /head/ });
  await t.rejects(trail.append(entry(6)), { code: "AUDIT_BROKEN" });
  await trail.stop();
  await trail.stop();
});

t.test("secrets are masked and long data is shortened before anything is hashed or stored", async (t) => {
  const { store, trail } = await trailOn(t);
  const wav = "QUJD".repeat(100);
  const record = await trail.append(
    entry(1, {
      token: "canary-1",
      params: {
        setupCode: "canary-2",
        accessKey: "canary-3",
        list: [{ password: "canary-4" }],
        wav,
        text: "hello ".repeat(60),
      },
      code: "canary-5",
      idempotencyKey: "kept",
      error: "COMMAND_FAILED",
      bytes: new Uint8Array([1, 2, 3]),
    }),
  );
  t.notMatch(JSON.stringify(store.all("SELECT * FROM audit")), /canary|QUJD/);
  t.match(record.data, { token: "***", idempotencyKey: "kept", error: "COMMAND_FAILED", bytes: /^sha256:.*3 long/ });
  t.match(record.data.params, {
    list: [{ password: "***" }],
    wav: /^sha256:[0-9a-f]{64} \(400 long\)$/,
    text: /^hello/,
  });
  t.match(await trail.verify(), { ok: true });
});

t.test("when the disk is full no record is claimed, and the chain goes on afterwards", async (t) => {
  const { store, trail } = await trailOn(t);
  await trail.append(entry(1));
  store.db.exec(`PRAGMA max_page_count = ${Number(store.one("PRAGMA page_count")?.page_count)}`);
  const text = "long ".repeat(2_000);
  await t.rejects(trail.append(entry(2, { text })), { code: "AUDIT_UNWRITABLE" });
  t.throws(() => store.transaction(() => trail.record(entry(2, { text }))), { code: "AUDIT_UNWRITABLE" });
  store.db.exec("PRAGMA max_page_count = 1000000");
  t.equal((await trail.append(entry(2))).seq, 2);
  t.match(await trail.verify(), { ok: true, records: 2 });
});

t.test("a record inside a transaction that is undone is undone with it", async (t) => {
  const { store, trail } = await trailOn(t);
  t.throws(() =>
    store.transaction(() => {
      trail.record(entry(1));
      store.run("INSERT INTO nowhere VALUES (1)");
    }),
  );
  t.match(await trail.verify(), { ok: true, records: 0 });
});

t.test("canonical JSON does not depend on the order of members", async (t) => {
  t.equal(canonicalJson({ b: [1, { d: null, c: undefined }], a: "é" }), '{"a":"é","b":[1,{"d":null}]}');
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const shuffled = Object.fromEntries(Object.entries(value).reverse());
      t.equal(canonicalJson(shuffled), canonicalJson(value));
      t.equal(canonicalJson(JSON.parse(canonicalJson(value))), canonicalJson(value));
    }),
    { numRuns: 50 },
  );
});
