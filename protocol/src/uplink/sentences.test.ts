import fc from "fast-check";
import t from "tap";
import { loadPlain } from "./plain.ts";
import { SentenceStream } from "./sentences.ts";

function cut(text: string, steps: readonly number[] = [text.length]): string[] {
  const stream = new SentenceStream();
  const sentences: string[] = [];
  for (const step of steps) sentences.push(...stream.grow(text.slice(0, step)));
  sentences.push(...stream.grow(text), ...stream.end());
  return sentences;
}

const words = fc.constantFrom(
  ...[
    "Hello",
    "it",
    "is",
    "3.5",
    "degrees.",
    "Dr.",
    "Who?",
    "Yes!",
    "e.g.",
    "**bold**",
    "(so.)",
    "one,",
    "…",
    "\n\n",
    "\n- ",
    "\n1. ",
  ],
  ...["```\ncode. here\n```", "\n\n```\nlet x. y\n```\n", "“Well.”", "a.m.", "*", "x".repeat(450)],
);
const texts = fc.oneof(
  fc.array(words, { maxLength: 40 }).map((parts) => parts.join(" ")),
  fc.string({ unit: fc.constantFrom(...'ab. !?\n`*-1"') as fc.Arbitrary<string>, maxLength: 120 }),
);

t.test("sentences are given out as soon as they are complete", async (t) => {
  const stream = new SentenceStream();
  t.same(stream.grow("The kitchen is wa"), []);
  t.same(stream.grow("The kitchen is warm. The"), []);
  t.same(stream.grow("The kitchen is warm. The hall"), ["The kitchen is warm. "]);
  t.same(stream.grow("The kitchen is warm. The hall is not!"), []);
  t.same(stream.end(), ["The hall is not!"]);
});

t.test("numbers, abbreviations, items and code do not break a sentence in the wrong place", async (t) => {
  const said = (text: string) => cut(text).map((sentence) => sentence.trim());
  t.same(said("It is 3.5 degrees. Dr. Who came at 5 a.m. today. Fine."), [
    ...["It is 3.5 degrees.", "Dr. Who came at 5 a.m. today.", "Fine."],
  ]);
  t.same(said("Two things:\n- the lamp\n- the door\n\nThat is all."), [
    "Two things:",
    "- the lamp",
    "- the door",
    "That is all.",
  ]);
  t.same(said("1. First\n2. Second"), ["1. First", "2. Second"]);
  t.same(said("Look:\n\n```js\na. b. c\n```\n\nDone. Bye."), ["Look:", "```js\na. b. c\n```", "Done.", "Bye."]);
  t.same(said("“Really?” she said. (Yes.) So"), ["“Really?”", "she said.", "(Yes.)", "So"]);
  t.ok(said(`${"word ".repeat(300)}end`).every((piece) => piece.length <= 400));
});

t.test("however a text comes, it is cut the same; nothing is lost, doubled or empty", async () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat(600), { maxLength: 30 }), (text, at) => {
      const steps = at.map((n) => Math.min(n, text.length)).sort((a, b) => a - b);
      const whole = cut(text);
      if (JSON.stringify(cut(text, steps)) !== JSON.stringify(whole)) return false;
      const joined = whole.join("").replace(/\s+/g, "");
      return joined === text.replace(/\s+/g, "") && whole.every((sentence) => sentence.trim() !== "");
    }),
    { numRuns: 2000 },
  );
});

t.test("a text that is replaced goes on behind what both have in common", async (t) => {
  const stream = new SentenceStream();
  t.same(stream.grow("One is done. Two is not, I think"), ["One is done. "]);
  t.same(stream.grow("One is done. Three is better. And so on"), ["Three is better. "]);
  t.same(stream.grow("One is won. Four"), []);
  t.same(stream.end(), ["won. ", "Four"], "what was said cannot be unsaid; what differs is said");
});

t.test("Markdown is said as people would read it out", async (t) => {
  const plain = await loadPlain();
  t.equal(plain("**The** *kitchen* is `warm` & ~~cold~~ dry."), "The kitchen is warm & cold dry.");
  t.equal(
    plain("# Weather\n\nIt is [fine](https://x.example). See https://x.example/a?b=c"),
    "Weather. It is fine. See a link",
  );
  t.equal(plain("- the lamp\n- [x] the *door*!\n  1. ajar"), "the lamp. the door! ajar.");
  t.equal(plain("| a | b |\n|---|---|\n| 1 | 2 |"), "a, b. 1, 2.");
  t.equal(plain("```js\nlet a;\n```"), "");
  t.equal(plain("> quoted\n\n<b>html</b> ![a cat](c.png) \\*"), "quoted html a cat *");
  t.equal(plain("**Cut in the middle."), "Cut in the middle.");
  t.equal(plain("of it** and 2 * 3 _ok_ 👍🏽."), "of it and 2 * 3 ok .");
});
