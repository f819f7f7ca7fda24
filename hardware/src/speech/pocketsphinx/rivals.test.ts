import t from "tap";
import { parseJsgf } from "../grammar/jsgf.ts";
import { SentenceNetwork } from "../grammar/network.ts";
import { soundDistance } from "./distance.ts";
import { rivalsOf } from "./rivals.ts";

const PHONES: Readonly<Record<string, string>> = { ten: "T EH N", two: "T UW", nine: "N AY N", forty: "F AO R T IY" };
const phones = (word: string): string[] => (PHONES[word] ?? "AH").split(" ");
const network = (jsgf: string) => new SentenceNetwork(parseJsgf(`#JSGF V1.0; grammar g; public <s> = ${jsgf};`));

t.test("similar sounds are nearer than others, and equal ones are at no distance", async (t) => {
  const distance = (a: string, b: string): number => soundDistance(a.split(" "), b.split(" "));
  t.equal(distance("T EH N", "T EH N"), 0);
  t.equal(distance("T EH N", "D EH N"), 0.5);
  t.equal(distance("T EH N", "T IH N"), 0.5, "vowels are one class");
  t.equal(distance("T EH N", "S EH N"), 1);
  t.ok(Math.abs(distance("L AA K", "AH N L AA K") - 1.6) < 1e-9, "two sounds more");
  t.equal(soundDistance([], []), 0);
});

t.test("the rivals of a sentence are a grammar, those that sound most alike first", async (t) => {
  const jsgf = rivalsOf(network("(forty | nine | two | ten) minutes"), ["ten", "minutes"], phones) ?? "";
  t.same([...new SentenceNetwork(parseJsgf(jsgf)).words(new SentenceNetwork(parseJsgf(jsgf)).start)].sort(), [
    "forty",
    "nine",
    "two",
  ]);
  t.match(jsgf, /= two minutes\s+\| nine minutes\s+\| forty minutes;/);
});

t.test("of many, the nearest forty are tried; of none, none", async (t) => {
  const many = Array.from({ length: 99 }, (_, i) => `w${i}`).join(" | ");
  const jsgf = rivalsOf(network(`(forty | ten | two | ${many}) minutes`), ["ten", "minutes"], (word) =>
    word.startsWith("w") ? ["Z", "Z", "Z", "Z", "Z"] : phones(word),
  );
  t.equal(jsgf?.split("|").length, 40);
  t.match(jsgf, /two minutes/);
  t.equal(rivalsOf(network("stop"), ["stop"], phones), undefined);
});
