import t from "tap";
import { lookUp, withAccents } from "./pronunciation.ts";
import { guessPronunciation } from "./spelling.ts";
import { isPrefixWord, prefixWords, withPrefix } from "./wake-prefix.ts";

t.test("the dictionary gives every pronunciation of the words asked for, and no others", async (t) => {
  const dictionary = "door D AO R\nthe DH AH\nthe(2) DH IY\nthem DH EH M\n\nodd\n";
  t.same(
    [...lookUp(dictionary, new Set(["the", "door", "odd"]))],
    [
      ["door", ["D AO R"]],
      ["the", ["DH AH", "DH IY"]],
    ],
  );
});

t.test("a British pronunciation is added where it differs", async (t) => {
  t.same(withAccents("door", ["D AO R"]), ["D AO R", "D AO"]);
  t.same(withAccents("timer", ["T AY M ER"]), ["T AY M ER", "T AY M AH"]);
  t.same(withAccents("fan", ["F AE N"]), ["F AE N", "F AA N"]);
  t.same(withAccents("bathroom", ["B AE TH R UW M"]), ["B AE TH R UW M", "B AA TH R UW M"]);
  t.same(withAccents("living", ["L IH V IH NG"]), ["L IH V IH NG"]);
  t.same(withAccents("every", ["EH V ER IY"]), ["EH V ER IY"], "R before a vowel is spoken");
});

t.test("a wake phrase is offered whole and with its beginning cut off, never shorter than three sounds", async (t) => {
  const words = prefixWords(["Hey Jarvis", "nameless"], (word) =>
    word === "hey" ? ["HH EY"] : word === "jarvis" ? ["JH AA R V AH S"] : [],
  );
  t.equal(words[0]?.phones, "HH EY JH AA R V AH S");
  t.equal(words.at(-1)?.phones, "V AH S");
  t.equal(words.filter(({ whole }) => whole).length, 1);
  t.ok(words.every(({ word }) => isPrefixWord(word)));
});

t.test("the household's rule is called by a rule that allows the wake words before it", async (t) => {
  const jsgf = "#JSGF V1.0; grammar g; public <s> = public notice;";
  const [prefix] = prefixWords(["jarvis"], () => ["JH AA R V AH S"]);
  const wrapped = withPrefix(jsgf, "<s>", prefix ? [prefix] : []);
  t.match(wrapped, /grammar g; {2}?<s> = public notice;/);
  t.match(wrapped, /public <barnacle_turn> = \[<barnacle_prefix>\] <s>;/);
  t.match(withPrefix(jsgf, "<s>", []), /public <barnacle_turn> = <s>;/);
});

t.test("any word gets some pronunciation", async (t) => {
  t.equal(guessPronunciation("Zoë"), "Z AA EH");
  t.equal(guessPronunciation("fatima"), "F AE T IH M AE");
  t.equal(guessPronunciation("lounge2"), "L AW NG EH T UW");
  t.equal(guessPronunciation("phone"), "F AA N");
  t.equal(guessPronunciation("日本"), "AH");
});
