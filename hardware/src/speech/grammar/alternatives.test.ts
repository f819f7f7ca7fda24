import t from "tap";
import { alternatives } from "./alternatives.ts";
import { parseJsgf } from "./jsgf.ts";
import { SentenceNetwork } from "./network.ts";
import { expand, isSentence } from "./sentences.ts";

const HOUSE = parseJsgf(`#JSGF V1.0; grammar home;
<room> = kitchen | living room;
public <s> = turn (on | off) the [<room>] (light | lights) [in the <room>] | (lock | unlock) the front door | never mind;
`);
const network = new SentenceNetwork(HOUSE);
const near = (text: string): string[] =>
  alternatives(network, text.split(" "))
    .map(({ sentence }) => sentence.join(" "))
    .sort();

t.test("the network has the grammar's sentences and no others", async (t) => {
  const sentences = expand(HOUSE, 1000) ?? [];
  t.ok(sentences.length > 30);
  for (const sentence of sentences) t.ok(network.ends(network.start, sentence.split(" ")), sentence);
  for (const text of ["turn on the", "light the on turn", "never", "turn on the front door"]) {
    t.notOk(network.ends(network.start, text.split(" ")), text);
  }
});

t.test("repeats are walked as often as they may be", async (t) => {
  const grammar = parseJsgf("#JSGF V1.0; grammar g; public <s> = stop+ [now | (go* away)] | <NULL> hush;");
  const loops = new SentenceNetwork(grammar);
  for (const text of [
    "stop",
    "stop stop now",
    "stop away",
    "stop go go away",
    "hush",
    "stop go",
    "away",
    "stop now away",
  ]) {
    t.equal(loops.ends(loops.start, text.split(" ")), isSentence(grammar, text), text);
  }
});

t.test("a sentence's alternatives differ in one place: another word, one more, one less", async (t) => {
  t.same(near("lock the front door"), ["unlock the front door"]);
  const light = near("turn on the kitchen light");
  for (const text of [
    "turn off the kitchen light",
    "turn on the kitchen lights",
    "turn on the living room light",
    "turn on the light",
    "turn on the kitchen light in the kitchen",
  ]) {
    t.ok(light.includes(text), text);
  }
  t.notOk(light.includes("turn on the kitchen light"), "never the sentence itself");
  t.notOk(light.includes("turn off the kitchen lights"), "two places at once");
  t.ok(light.every((text) => isSentence(HOUSE, text)));
  t.same(near("never mind"), [], "what shares no word is none");
});

t.test("what differs is told, without the words that both have", async (t) => {
  const found = alternatives(network, "turn on the kitchen light".split(" "));
  t.match(
    found.find(({ sentence }) => sentence.join(" ") === "turn on the living room light"),
    { instead: ["kitchen"], differs: ["living", "room"] },
  );
});

t.test("a huge household does not keep anyone waiting", async (t) => {
  const names = Array.from({ length: 400 }, (_, i) => `n${i}`).join(" | ");
  const huge = parseJsgf(`#JSGF V1.0; grammar g; <n> = ${names}; public <s> = turn <n> <n> <n> on;`);
  const found = alternatives(new SentenceNetwork(huge), ["turn", "n1", "n2", "n3", "on"]);
  t.ok(found.length > 1000 && found.length < 25_000, `${found.length}`);
  t.ok(
    found.some(({ sentence }) => sentence.join(" ") === "turn n1 n2 n399 on"),
    "those of one word are all there",
  );
});
