import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import type { Inventory } from "@barnacle/protocol/schema";
import t from "tap";
import { openDatabase, Settings } from "../state/index.ts";
import { Stocktaking } from "./index.ts";

t.test("what the board consists of is read once a boot, after the start, and kept over restarts", async (t) => {
  const db = openDatabase(t.testdir({}));
  const clock = new FakeClock();
  const now = { boot: "a" as string | undefined, answer: { model: "Pi" } as Inventory | Error };
  let reads = 0;
  let changes = 0;
  const make = () =>
    new Stocktaking({
      settings: new Settings(db),
      boot: async () => now.boot,
      read: async () => {
        reads += 1;
        if (now.answer instanceof Error) throw now.answer;
        return now.answer;
      },
      changed: () => {
        changes += 1;
      },
      ...{ clock, log: silentLog },
    });
  const run = async (): Promise<Inventory | undefined> => {
    const stocktaking = make();
    await stocktaking.start();
    await clock.advance(60_000);
    await stocktaking.stop();
    return stocktaking.inventory;
  };
  const early = make();
  await early.start();
  t.equal(early.inventory, undefined);
  await early.stop();
  await clock.advance(60_000);
  t.equal(reads, 0, "a node that stops at once reads nothing");
  t.same(await run(), { model: "Pi" });
  t.same(await run(), { model: "Pi" });
  t.same([reads, changes], [1, 1]);
  now.boot = "b";
  now.answer = new Error("no such program");
  t.same(await run(), { model: "Pi" }, "what was known before the boot stays until it is known better");
  now.answer = { model: "Pi", kernel: "7" };
  t.same(await run(), { model: "Pi", kernel: "7" });
  now.boot = undefined;
  await run();
  t.equal(reads, 4);
  t.equal(clock.pending, 0);
  db.close();
});
