import { FakeClock, seededRandom } from "@barnacle/protocol/runtime";
import t from "tap";
import { temporaryStore } from "../store/testing.ts";
import { Tasks } from "./index.ts";

t.test("tasks are kept by list, oldest first, one per turn", async (t) => {
  const clock = new FakeClock(5);
  const tasks = new Tasks({ store: await temporaryStore(t, clock), clock, random: seededRandom(1) });
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
