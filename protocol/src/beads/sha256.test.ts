import { createHash } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { sha256 } from "./sha256.ts";

t.test("the same as Node's own, for texts of every length around a block", async (t) => {
  const same = (text: string) => Buffer.from(sha256(text)).equals(createHash("sha256").update(text).digest());
  for (let length = 0; length < 200; length++) t.ok(same("ä".repeat(length).slice(0, length)), `${length}`);
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 500 }), (text) => same(text)));
});
