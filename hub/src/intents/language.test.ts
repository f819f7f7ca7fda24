import { existsSync, readFileSync } from "node:fs";
import { seededRandom } from "@barnacle/protocol/runtime";
import fc from "fast-check";
import t from "tap";
import { compileSentences } from "./compile.ts";
import { makeLanguage } from "./language.ts";
import { HOME_SENTENCES } from "./sentences/index.ts";
import { accepts, allSentences, demoLanguage, drawSentence, parseJsgf } from "./testing.ts";

const language = demoLanguage();
const grammar = parseJsgf(language.jsgf);
const fixture = readFileSync(new URL("../../../test/fixtures/audio/home-commands.gram", import.meta.url), "utf8");
const DICTIONARY = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict";

t.test("every sentence of the recorded grammar is in the demo household's grammar and has a meaning", async (t) => {
  const sentences = allSentences(parseJsgf(fixture));
  t.ok(sentences.length > 250, `${sentences.length} sentences`);
  t.same(
    sentences.filter((sentence) => !accepts(grammar, sentence)),
    [],
    "in the grammar",
  );
  t.same(
    sentences.filter((sentence) => !language.match(sentence)),
    [],
    "understood",
  );
});

t.test(
  "whatever the recogniser can hear is understood, and typing it with fewer articles changes nothing",
  async (t) => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const sentence = drawSentence(grammar, seededRandom(seed));
        const match = language.match(sentence);
        if (!match) throw new TypeError(`not understood: ${sentence}`);
        const bare = sentence.replaceAll(/\bthe\b ?/g, "");
        t.same(language.match(`Please, ${bare.toUpperCase()}!`), match, sentence);
      }),
      { numRuns: 400 },
    );
  },
);

t.test("no sentence of the grammar has two meanings", async (t) => {
  const spoken = new Map<string, string>();
  for (const family of HOME_SENTENCES) {
    for (const source of family.intents.filter((intent) => intent.say.length > 0)) {
      const alone = makeOnly(source.intent);
      for (let seed = 0; seed < 60; seed++) {
        const sentence = drawSentence(alone, seededRandom(seed));
        const match = language.match(sentence);
        t.equal(match?.intent, source.intent, sentence);
        spoken.set(sentence, source.intent);
      }
    }
  }
  t.ok(spoken.size > 300);
});

const noDictionary = existsSync(DICTIONARY) ? false : `${DICTIONARY} is not installed`;
t.test("the grammar is made of words that the dictionary knows", { skip: noDictionary }, async (t) => {
  const known = new Set(
    readFileSync(DICTIONARY, "utf8")
      .split("\n")
      .map((line) => line.split(" ")[0]),
  );
  const body = language.jsgf.replace(/^.*?public/s, "").replaceAll(/<[a-z_]+>|[^a-z\s]/g, " ");
  const words = new Set(body.split(/\s+/).filter(Boolean));
  t.same(
    [...words].filter((word) => !known.has(word)),
    [],
  );
});

t.test("an empty household still has its general sentences", async (t) => {
  const empty = makeLanguage({ rooms: [], areas: [], appliances: [], tasks: [], shopping: [], announcements: [] });
  const heard = parseJsgf(empty.jsgf);
  t.ok(accepts(heard, "what time is it"));
  t.ok(accepts(heard, "turn everything off"));
  t.notOk(accepts(heard, "turn on the kitchen light"));
  t.notMatch(empty.jsgf, /\{|\( *\)|\[ *\]|<room>/);
  t.same(empty.match("turn on the kitchen light"), { intent: "appliance.unknown", slots: { name: "kitchen light" } });
  t.same(empty.match("add a task: fix the gate"), { intent: "task.add", slots: { task: "fix the gate" } });
});

t.test("the hash names the grammar", async (t) => {
  t.equal(demoLanguage().hash, language.hash);
  t.match(language.hash, /^[0-9a-f]{64}$/);
  const other = makeLanguage({
    rooms: ["cellar"],
    areas: [],
    appliances: [],
    tasks: [],
    shopping: [],
    announcements: [],
  });
  t.not(other.hash, language.hash);
});

/** The grammar with the sentences of one intent only. */
function makeOnly(intent: string) {
  const lines = language.jsgf.split("\npublic <s> = ")[1]?.split(";") ?? [];
  const own = compileSentences(HOME_SENTENCES).filter((sentence) => sentence.spoken);
  const bodies = lines[0]?.split("\n  | ") ?? [];
  t.equal(bodies.length, own.length, "one line per spoken wording");
  const chosen = bodies.filter((_, i) => own[i]?.intent === intent).join(" | ");
  return parseJsgf(`public <s> = ${chosen};${lines.slice(1).join(";")}`);
}
