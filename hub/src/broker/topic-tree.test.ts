import fc from "fast-check";
import t from "tap";
import { FrameGuard } from "./frame-guard.ts";
import { TopicTree } from "./topic-tree.ts";

const level = fc.constantFrom("a", "b", "c", "$x");
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant("+")), { maxLength: 4 }), fc.boolean())
  .map(([levels, rest]) => [...levels, ...(rest || levels.length === 0 ? ["#"] : [])].join("/"));

/** The rules of MQTT 3.1.1, 4.7, written down as slowly as they are said. */
function matches(filter: string, topic: string): boolean {
  const want = filter.split("/");
  const have = topic.split("/");
  if (topic.startsWith("$") && (want[0] === "+" || want[0] === "#")) return false;
  for (const [i, part] of want.entries()) {
    if (part === "#") return have.length >= i;
    if (have[i] === undefined || (part !== "+" && part !== have[i])) return false;
  }
  return want.length === have.length;
}

t.test("the tree finds what the rules say, whatever was put in and taken out", async (t) => {
  fc.assert(
    fc.property(fc.array(topic), fc.array(topic), filter, (added, removed, filter) => {
      const tree = new TopicTree<string>();
      for (const one of added) tree.set(one, one);
      for (const one of removed) tree.delete(one);
      const left = [...new Set(added)].filter((one) => !removed.includes(one));
      const expected = left.filter((one) => matches(filter, one)).sort();
      t.same([...tree.match(filter)].sort(), expected, `${filter} in ${left.join(" ")}`);
      return tree.size === left.length;
    }),
    { numRuns: 300 },
  );
});

t.test("the frame guard follows packets however they are cut, and finds one that is too large", async (t) => {
  const packet = (size: number) => {
    const length: number[] = [];
    let rest = size;
    do {
      length.push((rest % 128) + (rest >= 128 ? 128 : 0));
      rest = Math.floor(rest / 128);
    } while (rest > 0);
    return Buffer.concat([Buffer.from([0x30, ...length]), Buffer.alloc(size, 0xff)]);
  };
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 50 }),
      (sizes, cut) => {
        const guard = new FrameGuard(300);
        const stream = Buffer.concat(sizes.map(packet));
        let ok = true;
        for (let at = 0; ok && at < stream.length; at += cut) ok = guard.accept(stream.subarray(at, at + cut));
        return ok === sizes.every((size) => size <= 300);
      },
    ),
  );
  t.notOk(new FrameGuard(300).accept(Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff])), "a length of more than four bytes");
});
