import t from "tap";
import { bundledIn, copyrightFile } from "./licences.ts";

const manifest = (fields: object): string => JSON.stringify({ version: "1.0.0", ...fields });

t.test("every bundled package stands in the copyright file with its licence, equal texts once", async (t) => {
  const modules = t.testdir({
    one: {
      "package.json": manifest({ name: "one", license: "MIT", author: "A <a@b>" }),
      LICENSE: "The text.\r\n\r\nMore.\n",
      esm: { "package.json": '{"type":"module"}' },
    },
    two: { "package.json": manifest({ name: "two", licenses: [{ type: "ISC" }] }), "licence.md": "The text.\n\nMore." },
    "@scope": {
      three: {
        "package.json": manifest({
          name: "@scope/three",
          license: "BSD",
          repository: { type: "git", url: "https://x" },
        }),
        node_modules: { four: { "package.json": manifest({ name: "four", license: "0BSD" }) } },
      },
    },
  });
  const bundled = bundledIn(modules);
  t.same(
    bundled.map(({ name, licence, by }) => [name, licence, by]).sort(),
    [
      ["@scope/three", "BSD", "https://x"],
      ["four", "0BSD", "the authors of four"],
      ["one", "MIT", "A <a@b>"],
      ["two", "ISC", "the authors of two"],
    ].sort(),
  );
  const node = { version: "24.0.0", text: "Node's text." };
  const text = copyrightFile({ own: "MIT text", below: "usr/lib/x", node, bundled });
  t.match(text, "Files: usr/lib/x/bin/node\n");
  t.match(text, "Files: usr/lib/x/node_modules/@scope/three/node_modules/four/*\n");
  t.equal(text.split(" The text.\n .\n More.").length, 2, "once");
  t.match(text, "The text is that of one, above.");
  for (const line of text.split("\n")) t.match(line, /^$|^ |^[A-Z][A-Za-z-]+: \S/, line);
});

t.test("a package without a licence is not packaged", async (t) => {
  const modules = t.testdir({ odd: { "package.json": manifest({ name: "odd" }) } });
  t.throws(() => bundledIn(modules), { code: "NOT_FOUND", message: /odd@1\.0\.0 names no licence/ });
});
