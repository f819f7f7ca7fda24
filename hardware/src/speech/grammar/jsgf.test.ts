import t from "tap";
import { parseJsgf } from "./jsgf.ts";
import { grammarWords, isSentence } from "./sentences.ts";

const HOUSE = parseJsgf(`#JSGF V1.0; grammar home;
// rooms
<room> = kitchen | living room;
public <s> = turn (on | /0.5/ off) [the] <room> light {tag} | stop+ | go* away | <NULL> hush;
`);

t.test("a sentence of the grammar is one, whatever optional parts it leaves out", async (t) => {
  for (const text of [
    "turn on the living room light",
    "turn off kitchen light",
    "stop stop",
    "away",
    "go go away",
    "hush",
  ]) {
    t.ok(isSentence(HOUSE, text), text);
  }
});

t.test("halves, wrong order, foreign words and silence are no sentences", async (t) => {
  for (const text of ["", "turn on the", "light kitchen the on turn", "turn on the garage light", "hush hush", "go"]) {
    t.notOk(isSentence(HOUSE, text), text);
  }
});

t.test("the words are those of every rule", async (t) => {
  t.same([...grammarWords(HOUSE)].sort(), [
    "away",
    "go",
    "hush",
    "kitchen",
    "light",
    "living",
    "off",
    "on",
    "room",
    "stop",
    "the",
    "turn",
  ]);
});

t.test("what is no grammar is named", async (t) => {
  const bad: [string, RegExp][] = [
    ["hello", /must begin with/],
    ["#JSGF V1.0; grammar g; public <s> = a", /ends where ";" was expected/],
    ["#JSGF V1.0; grammar g; <s> = a;", /0 public rules/],
    ["#JSGF V1.0; grammar g; public <s> = a; public <r> = b;", /2 public rules/],
    ["#JSGF V1.0; grammar g; public <s> = <x>;", /<x> is used but not defined/],
    ["#JSGF V1.0; grammar g; public <s> = a [<s>];", /<s> contains itself/],
    ["#JSGF V1.0; grammar g; public s = a;", /expected a rule name/],
    ["#JSGF V1.0; grammar g; public <s> = (a;", /found ";", expected "\)"/],
    ["#JSGF V1.0; grammar g; public <s> = * a;", /unexpected "\*"/],
    ["#JSGF V1.0; grammar g; public <s> = a > b;", /unexpected "> b/],
  ];
  for (const [text, message] of bad) t.throws(() => parseJsgf(text), { code: "INPUT_INVALID", message }, text);
});
