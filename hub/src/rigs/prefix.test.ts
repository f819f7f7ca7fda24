import { childId, freeId } from "@barnacle/protocol/beads";
import fc from "fast-check";
import t from "tap";
import { testBeads } from "../beads/testing.ts";
import { checkRigPrefix, derivePrefix, prefixOf } from "./prefix.ts";

const IDS = 10_000;
const prefixes = fc.stringMatching(/^[a-z][a-z0-9]{0,15}$/).filter((text) => text !== "hq" && text !== "external");

/** Ids as a rig's beads get them: of one prefix, with the same titles and times in every rig. */
function idsOf(prefix: string, count: number): Set<string> {
  const ids = new Set<string>();
  for (let i = 0; i < count; i++) {
    const seed = { prefix, title: `task ${i % 7}`, description: "", creator: "anna", createdNs: BigInt(i) };
    ids.add(freeId(seed, ids.size, (id) => ids.has(id)));
  }
  return ids;
}

t.test("R1.3 ten thousand ids of each of two rigs: no two are the same, and each says whose it is", async (t) => {
  for (const [one, other] of [
    ["sh", "shop"],
    ["a", "a2"],
  ] as const) {
    const [first, second] = [idsOf(one, IDS), idsOf(other, IDS)];
    t.equal(first.size + second.size, 2 * IDS);
    t.equal(new Set([...first, ...second]).size, 2 * IDS);
    t.ok([...first].every((id) => prefixOf(id) === one) && [...second].every((id) => prefixOf(id) === other));
  }
});

t.test(
  "R1.3 whatever two prefixes are allowed, beads of the two rigs never share an id, nor do their children",
  async (t) => {
    fc.assert(
      fc.property(prefixes, prefixes, fc.constantFrom("", "-mol", "-wisp", "-cv"), (one, other, part) => {
        fc.pre(one !== other);
        const all = (prefix: string) =>
          [...idsOf(checkRigPrefix(prefix) + part, 30)].flatMap((id) => [id, childId(id, 1)]);
        const [first, second] = [new Set(all(one)), all(other)];
        return second.every((id) => !first.has(id) && prefixOf(id) === other);
      }),
      { numRuns: 200 },
    );
    for (const bad of ["hq", "external", "", "A", "a-b", "1a", "a_b", "a".repeat(17), "-"]) {
      t.throws(() => checkRigPrefix(bad), { code: "INPUT_INVALID" }, bad);
    }
  },
);

t.test("R1.3 in the store: beads of two rigs made in turn", async (t) => {
  const { beads } = await testBeads(t);
  const ids = await beads.write("anna", (writer) =>
    Array.from({ length: 1000 }, (_, i) => writer.create({ title: "same", prefix: i % 2 === 0 ? "sh" : "shop" }).id),
  );
  t.equal(new Set(ids).size, 1000);
  t.ok(ids.every((id, i) => prefixOf(id) === (i % 2 === 0 ? "sh" : "shop")));
});

t.test("a made prefix is allowed and free, whatever the name and whatever is taken", async () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,39}$/), fc.integer({ min: 0, max: 40 }), (name, count) => {
      const taken = new Set<string>();
      for (let i = 0; i <= count; i++) {
        const made = checkRigPrefix(derivePrefix(name, (prefix) => taken.has(prefix)));
        if (taken.has(made)) return false;
        taken.add(made);
      }
      return true;
    }),
    { numRuns: 200 },
  );
});
