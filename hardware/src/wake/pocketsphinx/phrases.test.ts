import t from "tap";
import { keyPhrases, phraseOf } from "./phrases.ts";

t.test("each way of saying a phrase is listened for, with a dictionary of its words alone", async (t) => {
  const { dictionary, list } = keyPhrases(["hey barnacle"], 1e-5, new Map([["hey", ["HH EY"]]]));
  t.match(dictionary, /^hey HH EY\nbarnacle B AA R N AH K AH L\nbarnacle\(2\) B AA N AH K AH L\n$/);
  t.equal(list, "hey barnacle /0.00001/\nhey barnacle(2) /0.00001/\n");
  t.equal(phraseOf(" hey barnacle(2) "), "hey barnacle");
});

t.test("a phrase with no end of ways is listened for in a dozen", async (t) => {
  const many = ["AA", "AE", "AH", "AO"];
  const { list } = keyPhrases(
    ["a b"],
    1,
    new Map([
      ["a", many],
      ["b", many],
    ]),
  );
  t.equal(list.trim().split("\n").length, 12);
});
