import fc from "fast-check";
import t from "tap";
import { evaluate, parseRange } from "../language/range.ts";
import { FormulaLibrary } from "../library/library.ts";
import type { Cooked } from "./cooked.ts";

const library = new FormulaLibrary({ formulas: [], overlays: [] });
const JSON_FILE = "made.json";

/** Whether every step has an id of its own, needs only what there is, and nothing waits for itself. */
function wrongWith({ steps }: Cooked): string | undefined {
  const ids = new Set(steps.map(({ id }) => id));
  if (ids.size !== steps.length) return "an id is there twice";
  for (const { id, needs, parent } of steps) {
    if (needs.some((need) => !ids.has(need)) || (parent !== undefined && !ids.has(parent)))
      return `${id} needs what is not there`;
  }
  const after = new Map(
    steps.map(({ id, needs, parent }) => [id, [...needs, ...(parent === undefined ? [] : [parent])]]),
  );
  const gone = new Set<string>();
  for (let left = steps.length; left > 0; left = after.size) {
    for (const [id, before] of after) {
      if (before.every((one) => gone.has(one))) {
        gone.add(id);
        after.delete(id);
      }
    }
    if (after.size === left) return `a ring: ${[...after.keys()].join(" ")}`;
  }
  return undefined;
}

const NAMES = ["a", "b", "c", "d", "e", "f"];
/** Steps that need only earlier ones, with loops, parts and conditions. */
const source = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat(5), { maxLength: 3 }),
      kind: fc.constantFrom("plain", "plain", "count", "range", "until", "parts", "dropped", "expanded"),
      size: fc.nat(3),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((list) => ({
    formula: "made",
    vars: { no: "", yes: "1" },
    steps: list.map(({ needs, kind, size }, i) => {
      const id = NAMES[i] ?? "z";
      const body = Array.from({ length: size + 1 }, (_, n) => ({
        ...{ id: `s${n}`, title: `S${n} {i}` },
        ...(n > 0 ? { needs: [`s${n - 1}`] } : {}),
      }));
      return {
        id,
        title: id,
        needs: [...new Set(needs.filter((n) => n < i).map((n) => NAMES[n]))],
        ...(kind === "count" ? { loop: { count: size, body } } : {}),
        ...(kind === "range" ? { loop: { range: `1..${size}`, body } } : {}),
        ...(kind === "until" ? { loop: { until: "s0.status == 'complete'", max: 2, body } } : {}),
        ...(kind === "parts" ? { children: body.map((step) => ({ ...step, id: `${id}.${step.id}`, needs: [] })) } : {}),
        ...(kind === "dropped" ? { condition: "{{no}}" } : {}),
      };
    }),
    advice: [
      { target: "c", before: { id: "{target}-before", title: "x" }, after: { id: "{target}-after", title: "y" } },
    ],
  }));

t.test("whatever is cooked has unique ids and no rings, and keeps its order without what was dropped", async (t) => {
  let steps = 0;
  fc.assert(
    fc.property(source, (made) => {
      const cooked = library.cook({ text: JSON.stringify(made), file: JSON_FILE });
      steps += cooked.steps.length;
      const wrong = wrongWith(cooked);
      if (wrong !== undefined) throw new TypeError(wrong);
      return orderKept(made.steps, cooked);
    }),
    { numRuns: 200 },
  );
  t.ok(steps > 500, `${steps} steps`);
});

/** What came before in the file's needs, over any number of steps, comes before among what is left. */
function orderKept(
  steps: readonly { readonly id: string; readonly needs: readonly (string | undefined)[] }[],
  cooked: Cooked,
): boolean {
  const before = new Map<string, Set<string>>();
  for (const { id, needs } of steps) {
    before.set(id, new Set(needs.flatMap((need) => [need ?? "", ...(before.get(need ?? "") ?? [])])));
  }
  const after = new Map<string, Set<string>>();
  const reach = (id: string): Set<string> => {
    const known = after.get(id);
    if (known) return known;
    const step = cooked.steps.find((one) => one.id === id);
    const next = [...(step?.needs ?? []), ...(step?.parent === undefined ? [] : [step.parent])];
    const found = new Set(next.flatMap((one) => [one, ...reach(one)]));
    after.set(id, found);
    return found;
  };
  const left = new Set(cooked.steps.map(({ id }) => id));
  return [...before].every(
    ([id, earlier]) => !left.has(id) || [...earlier].every((one) => !left.has(one) || reach(id).has(one)),
  );
}

t.test("any file is cooked, or refused with file and key, never otherwise", async (t) => {
  const id = fc.constantFrom("a", "b", "c", "d", "{target}", "no id");
  const text = fc.constantFrom("x", "{{x}}", "{target}", "");
  const may = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });
  const step = (depth: number): fc.Arbitrary<object> =>
    fc.record({
      id,
      title: text,
      needs: may(fc.array(id, { maxLength: 2 })),
      type: may(fc.constantFrom("task", "epic", "tsk")),
      condition: may(fc.constantFrom("{{x}}", "x == y")),
      priority: may(fc.integer({ min: -1, max: 5 })),
      expand: may(text),
      gate: may(fc.record({ type: fc.constantFrom("human", "timer", "x"), timeout: may(text) })),
      strange: may(text),
      ...(depth === 0 ? {} : { children: may(fc.array(step(depth - 1), { maxLength: 2 })) }),
      ...(depth === 0
        ? {}
        : {
            loop: may(
              fc.record({
                ...{ count: may(fc.nat(3)), range: may(text), until: may(text), max: may(fc.nat(3)) },
                body: fc.array(step(depth - 1), { maxLength: 2 }),
              }),
            ),
          }),
    });
  const file = fc.record({
    formula: fc.constantFrom("a", "a", "a", "b c"),
    type: may(fc.constantFrom("workflow", "expansion", "aspect", "convoy", "x")),
    extends: may(fc.array(text, { maxLength: 1 })),
    vars: may(fc.dictionary(fc.constantFrom("x", "y"), text)),
    steps: fc.oneof(fc.array(step(1), { maxLength: 3 }), fc.constant([{ id: "a", title: "A" }])),
  });
  let good = 0;
  fc.assert(
    fc.property(file, (made) => {
      try {
        library.cook({ text: JSON.stringify(made), file: JSON_FILE });
        good++;
        return true;
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        return code === "FORMULA_INVALID" && message.split("\n").every((line) => line.startsWith(JSON_FILE));
      }
    }),
    { numRuns: 200 },
  );
  t.ok(good > 0, `${good} were good`);
});

t.test("a tower of 2^n − 1 moves is one long chain", async (t) => {
  const text = `formula = "tower"\nvars = { n = 9 }\n[[steps]]\nid = "move"\nloop = { range = "1..2^{n}-1", var = "k", body = [{ id = "disc", title = "Move {k}" }] }\n`;
  const { steps } = library.cook({ text, file: "tower.toml" });
  t.equal(steps.length, 511);
  t.same(steps.at(-1)?.needs, ["move.iter510.disc"]);
  t.throws(() => library.cook({ text, file: "tower.toml" }, { vars: { n: "20" } }), {
    code: "FORMULA_INVALID",
    message: /expected at most/,
  });
});

t.test("ranges are sums of whole numbers", async (t) => {
  for (const [text, value] of [
    ["1+2*3", 7],
    ["(1+2)*3", 9],
    ["2^3^2", 512],
    ["-2^2", -4],
    ["7/2", 3],
    ["2×3÷2−1", 2],
    [" 4 ", 4],
  ] as const) {
    t.equal(evaluate(text), value, text);
  }
  for (const wrong of ["", "1+", "(1", "1)", "a", "1/0", "2^99", "1 2", "1.5"])
    t.type(evaluate(wrong), "string", wrong);
  t.same(parseRange("1..2^2"), [1, 4]);
  t.match(parseRange("3"), /expected <from>..<to>/);
});
