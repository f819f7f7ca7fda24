import t from "tap";
import { MemoryCounters } from "./counters.ts";

t.test("counts by name and shows a snapshot in alphabetical order", async (t) => {
  const counters = new MemoryCounters();
  counters.add("b");
  counters.add("a", 3);
  const before = counters.snapshot();
  counters.add("b");
  t.same(Object.entries(counters.snapshot()), [
    ["a", 3],
    ["b", 2],
  ]);
  t.equal(before.b, 1, "a snapshot does not move");
});
