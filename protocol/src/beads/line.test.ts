import fc from "fast-check";
import t from "tap";
import { elementsOf, lineOf, membersOf, parseLine, patchLine } from "./index.ts";

t.test("a line is taken apart and put together without a change of a byte, whatever is in it", async (t) => {
  const line = `{"id":"a-1","n":1.50e+3,"big":9007199254740993,"esc":"\\u003c\\"}{][,:\\/","deep":{"a":[1,{"b":"]"}],"c":{}},"e":[],"x":null}`;
  t.equal(patchLine(line, new Map()), line);
  t.equal(membersOf(line).find(({ name }) => name === "big")?.raw, "9007199254740993");
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const text = JSON.stringify(value);
      const members = membersOf(text);
      return (
        patchLine(text, new Map()) === text &&
        members.every(({ name, raw }) => JSON.stringify(JSON.parse(raw)) === JSON.stringify(value[name]))
      );
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 2), (value, indent) => {
      const texts = elementsOf(JSON.stringify(value, undefined, indent));
      return (
        texts.length === value.length &&
        texts.every((one, i) => JSON.stringify(JSON.parse(one)) === JSON.stringify(value[i]))
      );
    }),
  );
});

t.test("a patch changes what it names; what is new takes its place in the file's order", async (t) => {
  const line = '{"id":"a-1","title":"x","zz":{"kept": 1.0},"status":"open","priority":0}';
  t.equal(
    patchLine(line, new Map([["status", '"closed"']])),
    line.replace("open", "closed").replace('"kept": 1.0', '"kept": 1.0'),
  );
  t.equal(patchLine(line, new Map([["title", null]])), '{"id":"a-1","zz":{"kept": 1.0},"status":"open","priority":0}');
  t.equal(patchLine('{"title":"x"}', new Map([["id", '"a"']])), '{"id":"a","title":"x"}');
  t.equal(
    patchLine('{"id":"a","status":"open"}', new Map([["title", '"x"']])),
    '{"id":"a","title":"x","status":"open"}',
  );
  t.equal(patchLine('{"id":"a"}', new Map([["ours", "1"]])), '{"id":"a","ours":1}');
  t.equal(
    lineOf({ status: "open", ours: [1], title: "x", id: "a", priority: 0, notes: undefined }),
    '{"id":"a","title":"x","status":"open","priority":0,"ours":[1]}',
  );
});

t.test("lines that are no beads are told apart, and what is wrong is named", async (t) => {
  t.equal(parseLine('{"_schema":"beads-jsonl/1"}'), "other");
  t.equal(parseLine('{"_type":"memory","key":"k","value":"v"}'), "other");
  t.match(parseLine('{"title":"x","comments":[{"id":7,"text":"y"}]}'), { title: "x" });
  const bad: readonly [string, RegExp][] = [
    ["nonsense", /not JSON/],
    ["[1]", /expected a JSON object per line/],
    ['{"id":"a"}', /title: expected a text, found nothing/],
    ['{"title":"x","priority":"high"}', /priority: expected an integer, found "high"/],
    ['{"title":"x","labels":[1]}', /labels: expected a list of texts/],
    ['{"title":"x","dependencies":[{}]}', /dependencies: expected a list/],
    ['{"title":"x","comments":{}}', /comments: expected a list/],
    ['{"title":"x","status":3}', /status: expected a text/],
  ];
  for (const [text, message] of bad) t.throws(() => parseLine(text), { code: "INPUT_INVALID", message }, text);
  t.throws(() => membersOf("[]"), { code: "INPUT_INVALID" });
  t.throws(() => membersOf('{"a":"'), { code: "INPUT_INVALID" });
});
