import { hasCode } from "@barnacle/protocol/errors";
import t from "tap";
import { compileSentences } from "./compile.ts";
import { Matcher } from "./matcher.ts";
import { numberWords } from "./numbers.ts";
import { parseTemplate } from "./template.ts";
import { makeVocabulary } from "./vocabulary.ts";
import { speakable, tokenise } from "./words.ts";

t.test("a template becomes a tree", async (t) => {
  t.same(parseTemplate("(turn|switch) on [the] {name} <where>"), {
    kind: "sequence",
    items: [
      {
        kind: "choice",
        items: [
          { kind: "word", word: "turn" },
          { kind: "word", word: "switch" },
        ],
      },
      { kind: "word", word: "on" },
      { kind: "optional", item: { kind: "word", word: "the" } },
      { kind: "slot", list: "name", slot: "name" },
      { kind: "rule", name: "where" },
    ],
  });
  t.same(parseTemplate("{minutes:length}"), { kind: "slot", list: "minutes", slot: "length" });
});

t.test("a template that does not fit is named with its column", async (t) => {
  for (const [template, column] of [
    ["turn (on|off", 6],
    ["turn on]", 8],
    ["turn ()", 7],
    ["turn {Name}", 5],
    ["turn on | ", 11],
  ] as const) {
    t.throws(
      () => parseTemplate(template),
      { code: "INPUT_INVALID", message: new RegExp(`column ${column}:`) },
      template,
    );
  }
});

t.test("unknown rules and rules that hold themselves are refused", async (t) => {
  const family = (rules: Record<string, string>) => [{ rules, intents: [{ intent: "x", say: ["<a>"] }] }];
  t.throws(() => compileSentences(family({})), { code: "INPUT_INVALID", message: /<a>/ });
  try {
    compileSentences(family({ a: "<b>", b: "no <a>" }));
    t.fail("accepted");
  } catch (error) {
    t.ok(hasCode(error, "INPUT_INVALID"));
  }
});

t.test("numbers are written as they are spoken", async (t) => {
  const spoken = [0, 7, 13, 40, 42, 100, 101, 345, 1000, 12_012].map(numberWords);
  t.same(spoken, [
    "zero",
    "seven",
    "thirteen",
    "forty",
    "forty two",
    "one hundred",
    "one hundred and one",
    "three hundred and forty five",
    "one thousand",
    "twelve thousand twelve",
  ]);
});

t.test("text is read without case, accents, punctuation, digits and politeness", async (t) => {
  const words = (text: string) => tokenise(text).map((token) => token.word);
  t.same(words("Could you, please, turn ON the Café-light… thank you!"), ["turn", "on", "the", "cafe", "light"]);
  t.same(words("What’s on TV at 10%?"), ["what", "is", "on", "television", "at", "ten", "percent"]);
  t.same(words("please"), ["please"], "politeness alone is kept");
  t.same(words("1,500 and 12345678"), [
    "one",
    "thousand",
    "five",
    "hundred",
    "and",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
  ]);
  t.equal(speakable("Kid's Room 2"), "kids room two");
  t.equal(speakable("台所"), "");
});

t.test(
  "of several readings the one with the fewest free words wins, and punctuation around them is dropped",
  async (t) => {
    const sentences = compileSentences([
      {
        rules: {},
        intents: [
          { intent: "note", say: [], type: ["note {task:text}"] },
          { intent: "note.room", say: [], type: ["note {task:text} in the {room}"] },
        ],
      },
    ]);
    const home = {
      rooms: ["Kitchen"],
      areas: [],
      appliances: [],
      shopping: [],
      announcements: [],
      tasks: ["Buy Milk"],
    };
    const matcher = new Matcher(sentences, makeVocabulary(home));
    t.same(matcher.match("Note: “Call Bob” in kitchen!"), {
      intent: "note.room",
      slots: { text: "Call Bob", room: "kitchen" },
    });
    t.same(
      matcher.match("note buy milk"),
      { intent: "note", slots: { text: "Buy Milk" } },
      "a phrase of the list is given as written",
    );
    t.equal(matcher.match("note"), undefined);
  },
);
