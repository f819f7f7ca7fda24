import { FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { LazyBeads } from "../beads/lazy.ts";
import { temporaryStore } from "../store/testing.ts";
import { Tasks } from "./index.ts";

async function setUp(t: Test) {
  const clock = new FakeClock(5);
  const store = await temporaryStore(t, clock);
  const shared = { store, clock, random: seededRandom(1), log: silentLog };
  const beads = new LazyBeads(shared);
  t.teardown(() => beads.stop());
  return { clock, store, beads, tasks: new Tasks({ ...shared, beads }) };
}

t.test("lists are kept apart, oldest first, one entry per turn", async (t) => {
  const { tasks } = await setUp(t);
  const milk = await tasks.add({ list: "shopping", text: "milk", turnId: "t1" });
  await tasks.add({ list: "reminders", text: "call mum", due: "tonight", turnId: "t2" });
  await tasks.add({ list: "shopping", text: "eggs", turnId: "t3" });
  const again = await tasks.add({ list: "shopping", text: "milk", turnId: "t1" });
  t.same(again, milk);
  t.match(milk, { list: "shopping", text: "milk", createdAt: 5, turnId: "t1" });
  t.notOk("due" in milk);
  t.same(
    (await tasks.list("shopping")).map((task) => task.text),
    ["milk", "eggs"],
  );
  t.match(await tasks.list(), [{ text: "milk" }, { text: "call mum", due: "tonight" }, { text: "eggs" }]);
  t.equal((await tasks.list(undefined, 1)).length, 1);
});

t.test("a task is a bead, one per turn, and off the list when it is done", async (t) => {
  const { tasks, beads, clock } = await setUp(t);
  const gate = await tasks.add({ list: "tasks", text: "fix the gate", turnId: "t1" });
  t.match(gate, { id: /^hq-/, list: "tasks", text: "fix the gate", createdAt: 5, turnId: "t1" });
  t.same(await tasks.add({ list: "tasks", text: "fix the gate", turnId: "t1" }), gate);
  await clock.advance(1);
  await tasks.add({ list: "shopping", text: "oil", turnId: "t2" });
  await clock.advance(1);
  await tasks.add({ list: "tasks", text: "x".repeat(600), turnId: "t3" });
  t.match(await tasks.list(), [{ text: "fix the gate" }, { text: "oil" }, { text: /^x{499}…$/ }]);
  const open = await beads.open();
  t.match(open.reads.ready(), [{ labels: ["household"], created_by: "voice" }, { id: gate.id }]);
  await open.write("anna", (writer) => writer.closing.close(gate.id));
  t.match(await tasks.list("tasks"), [{ text: /^x/ }]);
});

t.test("tasks of a version before beads become beads, once", async (t) => {
  const { tasks, store, beads } = await setUp(t);
  for (const [turn, list, text] of [
    ["t1", "tasks", "fix the gate"],
    ["t2", "shopping", "milk"],
    ["t3", "tasks", "paint it"],
  ] as const) {
    store.run(
      "INSERT INTO tasks (task_id, turn_id, list, text, created_at) VALUES (?, ?, ?, ?, ?)",
      ...[`id-${turn}`, turn, list, text, 3],
    );
  }
  await tasks.start();
  await tasks.start();
  t.match(await tasks.list("tasks"), [
    { text: "fix the gate", turnId: "t1", createdAt: 3 },
    { text: "paint it", turnId: "t3", createdAt: 3 },
  ]);
  t.equal((await beads.open()).reads.count({ all: true }), 2);
  t.match(store.all("SELECT list FROM tasks"), [{ list: "shopping" }]);
  t.match(await tasks.add({ list: "tasks", text: "fix the gate", turnId: "t1" }), { createdAt: 3 }, "the turn again");
});
