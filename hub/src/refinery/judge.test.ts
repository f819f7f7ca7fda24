import fc from "fast-check";
import t from "tap";
import { type Bench, judge } from "./judge.ts";

/** A commit is the list of what is in it: `base+a+b`. */
interface World {
  /** Red wherever they are in. */
  readonly bad?: readonly string[];
  /** Red where all of one list are in and none of its menders. */
  readonly red?: (inIt: readonly string[]) => boolean;
  readonly clash?: readonly (readonly [string, string])[];
  /** Fails so many times at first. */
  readonly flaky?: Map<string, number>;
}

function world({ bad = [], red = () => false, clash = [], flaky = new Map() }: World) {
  const tests: string[] = [];
  const bench: Bench<string, never> = {
    async place(member, onto) {
      const inIt = onto.split("+");
      const files = clash.filter((pair) => pair.includes(member) && pair.some((other) => inIt.includes(other)));
      return files.length > 0 ? { conflicts: ["file"] } : { tip: `${onto}+${member}` };
    },
    async test(commit) {
      tests.push(commit);
      const inIt = commit.split("+");
      const left = flaky.get(commit) ?? 0;
      flaky.set(commit, left - 1);
      return { green: left <= 0 && !inIt.some((one) => bad.includes(one)) && !red(inIt), gates: [] };
    },
  };
  return { bench, tests };
}

const names = (list: readonly { member: string }[]) => list.map(({ member }) => member).join("");

t.test("a green batch is tested once and merged whole", async (t) => {
  const { bench, tests } = world({});
  const { good, tip, culprits } = await judge([..."abcde"], "base", bench, { retries: 1 });
  t.equal(names(good), "abcde");
  t.equal(tip, "base+a+b+c+d+e");
  t.same(culprits, []);
  t.same(tests, [tip]);
});

t.test("what fails once passes as flaky, and says so", async (t) => {
  const { bench, tests } = world({ flaky: new Map([["base+a+b", 1]]) });
  const { good, verdict } = await judge(["a", "b"], "base", bench, { retries: 1 });
  t.equal(names(good), "ab");
  t.equal(verdict.flaky, true);
  t.equal(tests.length, 2);
  const none = world({ flaky: new Map([["base+a", 1]]) });
  t.equal(names((await judge(["a"], "base", none.bench, { retries: 0 })).culprits), "a");
});

t.test("the culprit is found by halving, the others are merged, and it is told at once", async (t) => {
  const { bench, tests } = world({ bad: ["d"] });
  const told: string[] = [];
  const spied = { ...bench, culprit: async (found: { member: string }) => void told.push(found.member) };
  const { good, tip, culprits } = await judge([..."abcde"], "base", spied, { retries: 1 });
  t.equal(names(good), "abce");
  t.equal(tip, "base+a+b+c+e");
  t.equal(names(culprits), "d");
  t.match(culprits, [{ before: "base+a+b+c", tip: "base+a+b+c+d", verdict: { green: false } }]);
  t.same(told, ["d"]);
  t.ok(tests.includes(tip), "what is merged was tested as it is");
  t.ok(tests.length <= 9, `${tests.length} tests`);
});

t.test("two that fail only together: the later one goes back", async (t) => {
  const { bench } = world({ red: (inIt) => inIt.includes("a") && inIt.includes("c") });
  const { good, culprits } = await judge([..."abcd"], "base", bench, { retries: 0 });
  t.equal(names(good), "abd");
  t.equal(names(culprits), "c");
});

t.test("a red target blames nobody, and takes who mends it", async (t) => {
  const red = world({ red: () => true });
  const nobody = await judge([..."abc"], "base", red.bench, { retries: 1 });
  t.same([names(nobody.good), names(nobody.culprits), nobody.aside], ["", "", ["a", "b", "c"]]);
  t.equal(nobody.baseRed?.green, false);
  const mended = world({ bad: ["a"], red: (inIt) => !inIt.includes("c") });
  const one = await judge([..."abc"], "base", mended.bench, { retries: 0 });
  t.same([names(one.good), names(one.culprits), one.aside], ["c", "", ["a", "b"]]);
  t.equal(one.baseRed, undefined);
});

t.test("conflicts with the target go back, with each other come again", async (t) => {
  const { bench } = world({
    clash: [
      ["a", "base"],
      ["b", "d"],
    ],
  });
  const { good, conflicts, aside } = await judge([..."abcd"], "base", bench, { retries: 0 });
  t.equal(names(good), "bc");
  t.match(conflicts, [{ member: "a", onto: "base", files: ["file"] }]);
  t.same(aside, ["d"]);
});

t.test("a green batch does not hide a red member when each is verified", async (t) => {
  // b mends what a breaks: the tip is green.
  const hides = () => world({ red: (inIt) => inIt.includes("a") && !inIt.includes("b") });
  t.equal(names((await judge([..."abc"], "base", hides().bench, { retries: 0 })).good), "abc");
  const { good, culprits } = await judge([..."abc"], "base", hides().bench, { retries: 0, each: true });
  t.equal(names(culprits), "a");
  t.equal(names(good), "bc");
  const red = world({ red: (inIt) => !inIt.includes("b") });
  const late = await judge([..."abc"], "base", red.bench, { retries: 0, each: true });
  t.same([names(late.good), names(late.culprits), late.aside], ["b", "", ["a", "c"]], "the target was to blame");
});

t.test("good is exactly what is good, whatever the batch", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.constantFrom(..."abcdefghij"), { minLength: 1, maxLength: 8 }),
      fc.subarray([..."abcdefghij"]),
      fc.boolean(),
      async (members, bad, each) => {
        const { bench, tests } = world({ bad });
        const { good, culprits, tip } = await judge(members, "base", bench, { retries: 1, each });
        const expected = members.filter((one) => !bad.includes(one));
        return (
          names(good) === expected.join("") &&
          names(culprits) === members.filter((one) => bad.includes(one)).join("") &&
          (good.length === 0 || tests.includes(tip)) &&
          tip === ["base", ...expected].join("+")
        );
      },
    ),
  );
});

t.test("whatever turns green or red by what else is in: only what was tested green is merged", async () => {
  const rule = fc.func(fc.boolean());
  await fc.assert(
    fc.asyncProperty(rule, fc.integer({ min: 1, max: 6 }), fc.boolean(), async (isRed, n, each) => {
      const members = [..."abcdef"].slice(0, n);
      const { bench, tests } = world({ red: (inIt) => isRed(inIt) });
      const { good, tip, culprits, aside, conflicts } = await judge(members, "base", bench, { retries: 0, each });
      const all = [...good, ...culprits, ...conflicts].map(({ member }) => member);
      const green = (commit: string) => tests.includes(commit) && !isRed(commit.split("+"));
      return (
        [...all, ...aside].sort().join("") === members.join("") &&
        (good.length === 0 || green(tip)) &&
        culprits.every((one) => green(one.before) && !green(one.tip)) &&
        (!each || good.every((one) => green(one.tip)))
      );
    }),
  );
});
