import fc from "fast-check";
import t from "tap";
import { parseDocument } from "yaml";
import { rewriteYaml } from "./rewrite.ts";

const FILE = `# The house of Anna
name: Home # as on the door
gateway:
  # only this machine
  bind: loopback
policy:
  rules:
    - id: quiet # at night
      effect: deny
    - id: loud
      effect: allow
`;
const DEFAULTS = { site: "home", log: { level: "info", keep: { days: 7 } } };
const rules = [
  { id: "quiet", effect: "deny" },
  { id: "loud", effect: "allow" },
];
const SOURCE = { name: "Home", gateway: { bind: "loopback" }, policy: { rules } };
const EFFECTIVE = { ...DEFAULTS, ...SOURCE, gateway: { bind: "loopback", port: 18789 } };

t.test("what did not change keeps its form and its comments", async (t) => {
  t.equal(rewriteYaml(FILE, SOURCE, EFFECTIVE), FILE);
  const next = {
    ...SOURCE,
    gateway: { bind: "lan", port: 18789 },
    policy: { rules: [rules[0], { ...rules[1], effect: "ask" }] },
  };
  t.equal(
    rewriteYaml(FILE, next, EFFECTIVE),
    FILE.replace("bind: loopback", "bind: lan").replace("effect: allow", "effect: ask"),
    "the default port stays out",
  );
});

t.test("members and items are added and taken away", async (t) => {
  const next = { name: "Home", log: { level: "debug", keep: { days: 7 } }, policy: { rules: [rules[0]] } };
  const text = rewriteYaml(FILE, next, EFFECTIVE);
  t.same(parseDocument(text).toJS(), { name: "Home", policy: { rules: [rules[0]] }, log: { level: "debug" } });
  t.match(text, /# as on the door/);
  t.match(text, /# at night/);
  t.same(parseDocument(rewriteYaml("", { name: "New" }, DEFAULTS)).toJS(), { name: "New" });
});

t.test("a form that cannot be edited in place is written anew", async (t) => {
  const shared = "base: &b {port: 1}\none: *b\ntwo: *b\n";
  const next = { base: { port: 1 }, one: { port: 2 }, two: { port: 1 } };
  t.same(parseDocument(rewriteYaml(shared, next, {})).toJS(), next);
  t.same(parseDocument(rewriteYaml("- just\n- a list\n", { a: 1 }, {})).toJS(), { a: 1 });
  t.same(parseDocument(rewriteYaml("a: [1, 2\n", { a: 1 }, {})).toJS(), { a: 1 });
});

const leaf = fc.oneof(fc.string({ maxLength: 6 }), fc.integer({ min: -9, max: 9 }), fc.boolean(), fc.constant(null));
const { tree } = fc.letrec<{ tree: Record<string, unknown> }>((tie) => ({
  tree: fc.dictionary(
    fc.constantFrom("a", "b", "c", "d"),
    fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(fc.oneof({ maxDepth: 3 }, leaf, tie("tree")), { maxLength: 3 }),
      tie("tree"),
    ),
    { maxKeys: 4, noNullPrototype: true },
  ) as fc.Arbitrary<Record<string, unknown>>,
}));

t.test("whatever was there, afterwards the file says what it should", async (t) => {
  fc.assert(
    fc.property(tree, tree, (source, next) => {
      const text = rewriteYaml(rewriteYaml("", source, {}), next, {});
      return fc.stringify(parseDocument(text).toJS() ?? {}) === fc.stringify(reordered(text, next));
    }),
    { numRuns: 300 },
  );
  t.pass("held for all");
});

/** `next` with the order of members that the text has; order has no meaning. */
function reordered(text: string, next: unknown): unknown {
  const order = (like: unknown, value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((item, i) => order((like as unknown[])?.[i], item));
    if (typeof value !== "object" || value === null) return value;
    const keys = Object.keys(value);
    const known = Object.keys((like as object) ?? {}).filter((key) => keys.includes(key));
    const all = [...new Set([...known, ...keys])];
    return Object.fromEntries(all.map((key) => [key, order((like as never)?.[key], (value as never)[key])]));
  };
  return order(parseDocument(text).toJS() ?? {}, next);
}
