import { appendFileSync, globSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Events, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { temporaryStore } from "../store/testing.ts";
import { Beads, checkBeads, JOURNAL, replay, WRITES } from "./index.ts";
import { NOW, rowsOf, testBeads } from "./testing.ts";

t.test("R3.1 create, get, update, list, close: parents, typed dependencies, labels, priority, attempts", async (t) => {
  const { beads, add, clock, told } = await testBeads(t);
  const epic = await add({ title: "Garden", issue_type: "epic" });
  const id = await add({
    ...{ title: "Fix the gate", description: "It squeaks", priority: "P0", labels: ["garden", "noise", "garden"] },
    ...{
      parent: epic,
      assignee: "ben",
      due_at: "+2d",
      estimated_minutes: 30,
      metadata: { tool: "oil" },
      issue_type: "feat",
    },
  });
  t.equal(id, `${epic}.1`);
  t.match(beads.reads.get(id), {
    ...{ id, title: "Fix the gate", status: "open", priority: 0, issue_type: "feature", labels: ["garden", "noise"] },
    ...{
      created_by: "anna",
      created_at: new Date(NOW).toISOString(),
      due_at: new Date(NOW + 172_800_000).toISOString(),
    },
    ...{ parent: epic, dependency_count: 1, dependent_count: 0, comment_count: 0, metadata: { tool: "oil" } },
    dependencies: [{ issue_id: id, depends_on_id: epic, type: "parent-child", created_by: "anna" }],
  });
  await clock.advance(1000);
  await beads.write("ben", (writer) => {
    writer.update(id, { title: "Oil the gate", description: null, priority: 4 });
    writer.comment(id, "the left hinge");
    writer.addLabel(id, "oil");
    writer.removeLabel(id, "noise");
    writer.addLabel(id, "oil");
  });
  t.match(beads.reads.get(id), { title: "Oil the gate", priority: 4, labels: ["garden", "oil"], comment_count: 1 });
  t.notOk("description" in beads.reads.get(id));
  t.equal(beads.reads.get(id).updated_at, new Date(NOW + 1000).toISOString());
  t.same(
    told.filter((event) => event.id === id).map(({ kind, who }) => `${kind} ${who}`),
    ["created anna", "updated ben", "commented ben", "label_added ben", "label_removed ben"],
  );
  await t.rejects(
    beads.write("ben", (writer) => writer.closing.close(epic)),
    { code: "BEAD_REFUSED", message: /1 of its children/ },
  );
  const closed = await beads.write("ben", (writer) => writer.closing.close(id, { reason: "Oiled" }));
  t.match(closed, { status: "closed", close_reason: "Oiled", closed_at: new Date(NOW + 1000).toISOString() });
  t.same(await beads.write("ben", (writer) => writer.closing.close(id)), closed, "closing again changes nothing");
  const opened = await beads.write("ben", (writer) => writer.closing.reopen(id, "still squeaks"));
  t.notOk("closed_at" in opened || "close_reason" in opened);
  t.equal(opened.comments?.length, 2);
  await t.rejects(
    beads.write("ben", (writer) => writer.closing.reopen(id)),
    { code: "BEAD_REFUSED" },
  );
  t.equal(await add({ parent: id }), `${epic}.1.1`);
  await beads.write("ben", (writer) => writer.purge(`${epic}.1.1`));
  t.equal(await add({ parent: id }), `${epic}.1.2`, "a number is not given out again");
});

t.test("bad input is refused by name and leaves nothing behind", async (t) => {
  const { beads, add, told } = await testBeads(t);
  const bad: readonly [Record<string, unknown>, RegExp][] = [
    [{ title: " " }, /title: expected a text/],
    [{ title: "x".repeat(501) }, /title: at most 500/],
    [{ priority: 5 }, /priority: expected 0/],
    [{ status: "finished" }, /status: "finished" is none of open/],
    [{ issue_type: "thing" }, /issue_type: "thing" is none of/],
    [{ due_at: "soon" }, /due_at: expected a time/],
    [{ estimated_minutes: -1 }, /estimated_minutes: expected a whole number/],
    [{ labels: "x" }, /labels: expected a list/],
    [{ closed_at: "2026-01-01T00:00:00Z" }, /closed_at: it is kept by the store/],
    [{ ephemeral: true, no_history: true }, /ephemeral: it excludes/],
    [{ ephemeral: "yes" }, /ephemeral: expected true or false/],
    [{ id: "no dash in it" }, /no bead id/],
    [{ prefix: "1x" }, /no id prefix/],
    [{ parent: "hq-none" }, /no bead has the id hq-none/],
    [{ dependencies: [{ on: "hq-none" }] }, /no bead has the id hq-none/],
    [{ await_type: "weather" }, /await_type/],
  ];
  for (const [fields, message] of bad) await t.rejects(add(fields), { message }, JSON.stringify(fields));
  t.equal(told.length, 0);
  t.equal(beads.reads.count({ all: true }), 0);
  const id = await add();
  await t.rejects(add({ id }), { code: "CONFLICT" });
  await t.rejects(
    beads.write("anna", (writer) => writer.comment(id, " ")),
    { code: "INPUT_INVALID" },
  );
  await t.rejects(
    beads.write("anna", (writer) => writer.update("hq-none", {})),
    { code: "BEAD_UNKNOWN" },
  );
});

t.test("a create with a key happens once; a batch happens whole or not at all", async (t) => {
  const { beads, add, told } = await testBeads(t);
  t.equal(await add({ title: "milk", key: "turn-1" }), await add({ title: "milk", key: "turn-1" }));
  t.equal(told.length, 1);
  await t.rejects(
    beads.write("anna", (writer) => {
      writer.create({ title: "one" });
      writer.closing.close("hq-none");
    }),
    { code: "BEAD_UNKNOWN" },
  );
  t.equal(beads.reads.count({ all: true }), 1);
  const ids = new Set<string>();
  await beads.write("anna", (writer) => {
    for (let i = 0; i < 2000; i++) ids.add(writer.create({ title: "same", prefix: i % 2 ? "ra" : "rb" }).id);
  });
  t.equal(ids.size, 2000, "equal content, one moment, two prefixes: no id twice");
});

t.test("a line of a batch: words, quotes, names with quoted values", async (t) => {
  const { beads, add } = await testBeads(t);
  const id = await add({ title: "one" });
  const run = (...lines: string[]) => beads.write("anna", (writer) => WRITES.batch(writer, { lines }));
  await run(
    `update ${id} notes="left \\"upper\\" hinge" assignee='ben b' title=don't`,
    "# nothing",
    "",
    'create "two words" priority=0',
  );
  t.match(beads.reads.get(id), { notes: 'left "upper" hinge', assignee: "ben b", title: "don't" });
  t.match(beads.reads.list({ priority: 0 }), [{ title: "two words" }]);
  await t.rejects(run("create x", `update ${id} notes`), { message: /line 2: expected name=value, found "notes"/ });
  t.equal(beads.reads.count(), 2);
});

t.test("deleting leaves a tombstone that is in nobody's way; other words stay known to search", async (t) => {
  const { beads, add, ready } = await testBeads(t);
  const id = await add({ title: "Paint the fence", description: "café blue" });
  const later = await add({ dependencies: [{ on: id }] });
  t.same(
    beads.reads.list({ text: "cafe fen*" }).map((bead) => bead.id),
    [id],
  );
  t.match(await beads.write("ben", (writer) => writer.delete(id, "no fence")), {
    ...{ status: "tombstone", deleted_by: "ben", delete_reason: "no fence", original_type: "task" },
  });
  t.same(ready(), [later]);
  t.same(
    beads.reads.list().map((bead) => bead.id),
    [later],
  );
  t.equal(beads.reads.resolve(id.slice(3)), id);
  await t.rejects(async () => beads.reads.resolve("zzzzzz"), { code: "BEAD_UNKNOWN" });
  await t.rejects(async () => beads.reads.resolve("hq-"), { code: "CONFLICT" });
});

t.test("R3.5 every change is an event, and the events alone rebuild the same rows", async (t) => {
  const { beads, store, add, random, clock } = await testBeads(t);
  const text = readFileSync(
    path.join(import.meta.dirname, "../../../test/fixtures/beads/issues-real-export2.jsonl"),
    "utf8",
  );
  await beads.import("anna", text.trimEnd().split("\n").slice(0, 150));
  const ids = [await add(), await add(), ...beads.reads.list({ limit: 60 }).map(({ id }) => id)];
  for (let i = 0; i < 300; i++) {
    await clock.advance(1000);
    const pick = () => ids[Math.floor(random.unit() * ids.length)] ?? "";
    const [id, other] = [pick(), pick()];
    await beads
      .write(i % 2 ? "anna" : "ben", (writer) => {
        const step = i % 12;
        if (step === 0)
          ids.push(
            writer.create({ title: `made ${i}`, labels: ["x"], parent: random.unit() < 0.5 ? other : undefined }).id,
          );
        else if (step === 1) writer.claims.claim(id, { leaseMs: 5000 });
        else if (step === 2) writer.closing.close(id, { force: true });
        else if (step === 3) writer.addDependency(id, other, "blocks");
        else if (step === 4) writer.removeDependency(id, writer.need(id).bead.dependencies?.[0]?.depends_on_id ?? "");
        else if (step === 5) writer.comment(id, `words ${i}`);
        else if (step === 6) writer.addLabel(id, `l${i % 3}`);
        else if (step === 7) writer.delete(id, "gone");
        else if (step === 8) writer.update(id, { status: "open", metadata: { i } });
        else if (step === 9) writer.claims.fail(id, "no luck");
        else if (step === 10) writer.removeLabel(id, "x");
        else if (i % 36 === 11) writer.purge(id);
      })
      .catch(() => undefined);
  }
  const events = beads.log.list({ limit: 0 });
  t.ok(events.length > 300);
  t.ok(events.every((event, i) => event.seq > (events[i - 1]?.seq ?? 0) && event.who !== "" && event.at >= NOW));
  const empty = await temporaryStore(t);
  replay(empty, events);
  t.same(rowsOf(empty), rowsOf(store));
  t.same(checkBeads(store).drift, []);
  t.throws(() => store.run("DELETE FROM bead_events"), /append-only/);
  t.throws(() => store.run("UPDATE bead_events SET who = 'nobody'"), /append-only/);
});

t.test("the journal has every event once, also when its tail was torn or it was away", async (t) => {
  const { beads, store, add, clock, random } = await testBeads(t);
  await add({ title: "one" });
  await add({ title: "two" });
  const file = path.join(store.stateDir, JOURNAL);
  const seqs = () =>
    readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).seq);
  t.same(seqs(), [1, 2]);
  const again = async () => {
    const one = new Beads({ store, clock, random, log: silentLog, events: new Events() });
    await one.start();
    await one.stop();
  };
  await beads.stop();
  const whole = readFileSync(file);
  for (const cut of [1, 20, whole.length - 1]) {
    truncateSync(file, whole.length - cut);
    await again();
    t.ok(readFileSync(file).equals(whole), `cut by ${cut}`);
  }
  appendFileSync(file, `{"seq":3,"id":"hq-`);
  await again();
  t.ok(readFileSync(file).equals(whole));
  appendFileSync(file, "damaged\n");
  await again();
  t.ok(readFileSync(file).equals(whole));
  writeFileSync(file, "");
  await again();
  t.ok(readFileSync(file).equals(whole));
});

t.test("a full journal is put aside under its last event, and no event is written twice or lost", async (t) => {
  const { beads, store, clock, random } = await testBeads(t);
  await beads.stop();
  const options = { store, clock, random, log: silentLog, journalBytes: 2000 };
  let one = new Beads({ ...options, events: new Events() });
  await one.start();
  for (let i = 0; i < 40; i++) {
    await one.write("anna", (writer) => writer.create({ title: `bead ${i}`, description: "x".repeat(200) }));
    if (i % 7 !== 6) continue;
    await one.stop();
    one = new Beads({ ...options, events: new Events() });
    await one.start();
  }
  await one.stop();
  const aside = globSync("beads-journal.*.jsonl", { cwd: store.stateDir });
  const seqs = (name: string) =>
    readFileSync(path.join(store.stateDir, name), "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line).seq as number);
  t.equal(aside.length, 4, "the oldest go");
  for (const name of aside) t.equal(Number(name.split(".")[1]), seqs(name).at(-1), name);
  const all = [...aside.flatMap(seqs), ...seqs(JOURNAL)].sort((a, b) => a - b);
  t.same(
    all,
    Array.from({ length: all.length }, (_, i) => 40 - all.length + 1 + i),
  );
  t.ok(all.length > 10);
});

t.test("imports: older lines lose, newer win, headers and notes stay, problems are named", async (t) => {
  const { beads } = await testBeads(t);
  const line = (more: object) =>
    JSON.stringify({
      id: "x-1",
      title: "one",
      status: "open",
      priority: 0,
      updated_at: "2026-01-01T00:00:00.000000002Z",
      ...more,
    });
  const head = ['{"_schema":"beads-jsonl/1"}', '{"_type":"memory","key":"a","value":"b"}'];
  t.match(await beads.import("anna", [...head, line({}), "", "{", '{"title":"no id","our_own":1.0}']), {
    ...{ lines: 6, created: 2, other: 2, problems: [{ line: 5, problem: /not JSON/ }] },
  });
  t.same([...beads.export()].slice(0, 2), head);
  t.match(await beads.import("anna", [line({ title: "older", updated_at: "2026-01-01T01:00:00.000000001+01:00" })]), {
    older: ["x-1"],
    updated: 0,
  });
  t.match(await beads.import("anna", [line({ title: "as new" })]), { updated: 1 });
  t.match(
    await beads.import("anna", [line({ title: "newer", status: "closed", updated_at: "2026-01-02T00:00:00Z" })]),
    { updated: 1, repaired: ["x-1"] },
  );
  t.match(beads.reads.get("x-1"), { title: "newer", closed_at: "2026-01-02T00:00:00Z", priority: 0 });
  const noId = beads.reads.list({ all: true }).find(({ title }) => title === "no id");
  t.match(noId, { id: /^hq-[0-9a-z]{3}$/, our_own: 1 });
  t.match([...beads.export()].at(-1), /"our_own":1\.0/);
});
