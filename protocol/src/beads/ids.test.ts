import t from "tap";
import { checkPrefix, childId, childNumber, freeId, hashId, idLength, topLevelPrefix } from "./index.ts";

const SEED = {
  ...{ prefix: "bd", title: "Fix login", description: "Details", creator: "jira-import" },
  createdNs: BigInt(Date.parse("2024-01-02T03:04:05.006Z")) * 1_000_000n,
};

t.test("hash ids are those of the public project", async (t) => {
  const ids = [3, 4, 5, 6, 7, 8].map((length) => hashId(SEED, length, 0));
  t.same(ids, ["bd-vju", "bd-8d8e", "bd-bi3tk", "bd-8bi3tk", "bd-r5sr6bm", "bd-8r5sr6bm"]);
});

t.test("ids grow with the number that is taken", async (t) => {
  const steps: readonly [number, number][] = [
    [163, 3],
    [983, 4],
    [5898, 5],
    [35_389, 6],
    [212_339, 7],
  ];
  for (const [count, length] of steps) {
    t.equal(idLength(count), length, `${count} ids`);
    t.equal(idLength(count + 1), length + 1, `${count + 1} ids`);
  }
});

t.test("a taken id is passed over: ten nonces, then a longer one", async (t) => {
  const taken = new Set<string>();
  const take = () => {
    const id = freeId(SEED, 0, (one) => taken.has(one));
    taken.add(id);
    return id;
  };
  const ids = Array.from({ length: 12 }, take);
  t.equal(new Set(ids).size, 12);
  t.equal(ids[0], "bd-vju");
  t.equal(ids[1], hashId(SEED, 3, 1));
  t.ok((ids[11] ?? "").length > "bd-vju".length);
  t.throws(() => freeId(SEED, 0, () => true), { code: "BEAD_REFUSED" });
});

t.test("children are numbered below their parent, three deep", async (t) => {
  t.equal(childId("bd-a3f8", 1), "bd-a3f8.1");
  t.equal(childId("bd-a3f8.1.2", 3), "bd-a3f8.1.2.3");
  t.throws(() => childId("bd-a3f8.1.2.3", 1), { code: "BEAD_REFUSED" });
  t.same(childNumber("bd-a3f8.1.2"), { parent: "bd-a3f8.1", number: 2 });
  t.equal(childNumber("bd-a3f8"), undefined);
});

t.test("prefixes", async (t) => {
  t.equal(topLevelPrefix("bd-x1y"), "bd");
  t.equal(topLevelPrefix("hq-cv-x1y2z"), "hq-cv");
  t.equal(topLevelPrefix("bd-x1y.2"), undefined);
  t.equal(checkPrefix("my_rig-2"), "my_rig-2");
  for (const bad of ["", "1a", "a b", "a-", "x".repeat(40)])
    t.throws(() => checkPrefix(bad), { code: "INPUT_INVALID" });
});
