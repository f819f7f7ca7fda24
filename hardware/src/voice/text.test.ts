import fc from "fast-check";
import t from "tap";
import { MAX_TEXT_LENGTH, speakable } from "./text.ts";

t.test("control characters, line ends and eSpeak's phoneme brackets lose their meaning", async (t) => {
  t.equal(speakable("  dinner\u0000 is\r\n ready\u0007\u2028now "), "dinner is ready now");
  t.equal(speakable("say [[h@l'oU]] twice"), "say h@l'oU twice");
  t.equal(speakable("-x is minus x"), "-x is minus x");
});

t.test("a long text is cut after a whole word, and one endless word where it must be", async (t) => {
  const cut = speakable("word ".repeat(1000));
  t.ok(cut.length <= MAX_TEXT_LENGTH && cut.endsWith("word"));
  t.equal(speakable("a".repeat(5000)).length, MAX_TEXT_LENGTH);
});

t.test("a text with nothing to say is refused", async (t) => {
  for (const text of ["", "  ", "\u0000\n", "...!?"]) t.throws(() => speakable(text), { code: "INPUT_INVALID" });
});

t.test("whatever the text, what is left is short, on one line and well formed", async () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 3000 }), (text) => {
      const safe = speakable(`a ${text}`);
      return safe.length <= MAX_TEXT_LENGTH && !/[\p{Cc}\n]/u.test(safe) && safe.isWellFormed();
    }),
  );
});
