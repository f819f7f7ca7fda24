import { readFileSync } from "node:fs";
import t from "tap";
import { DOCUMENT, methodDocument } from "./document.ts";
import { METHOD_NAMES, METHODS } from "./index.ts";

t.test("METHODS.md is what the table of methods says", async (t) => {
  t.equal(readFileSync(DOCUMENT, "utf8"), methodDocument(), "write it again: node hub/src/gateway/methods/document.ts");
});

t.test("what is not here is answered by name and not advertised", async (t) => {
  t.notOk(METHOD_NAMES.includes("update.run"));
  t.match(METHODS.get("update.run"), { support: { none: String } });
  t.ok(METHOD_NAMES.includes("health"));
});
