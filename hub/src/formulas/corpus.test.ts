import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import type { Cooked } from "./cook/cooked.ts";
import { FormulaLibrary } from "./library/library.ts";

const CORPUS = path.join(import.meta.dirname, "corpus");
const GOOD = path.join(CORPUS, "good");
const BAD = path.join(CORPUS, "bad");

/** What a file of the corpus says of itself: `# cooked: …`, `# wrong: …`. */
function said(text: string, what: string): string[] {
  return [...text.matchAll(new RegExp(`# ${what}: ([^\\n"]*(?:"[^"\\n]*"[^\\n"]*)*)`, "g"))].map(([, one]) =>
    (one ?? "").trim(),
  );
}

function libraryOf(dir: string): FormulaLibrary {
  return new FormulaLibrary({ formulas: [{ place: "user", dir }], overlays: [] });
}

function varsOf(text: string): Record<string, string> {
  const words = said(text, "vars")[0]?.split(" ") ?? [];
  return Object.fromEntries(words.map((word) => word.split("=") as [string, string]));
}

/** `a | b in a < c d` */
function drawn({ steps }: Cooked): string {
  return steps
    .map(({ id, parent, needs }) =>
      [id, ...(parent ? ["in", parent] : []), ...(needs.length ? ["<", ...needs] : [])].join(" "),
    )
    .join(" | ");
}

t.test("good formulas cook to the steps that they say", async (t) => {
  const library = libraryOf(GOOD);
  for (const file of readdirSync(GOOD)) {
    const text = readFileSync(path.join(GOOD, file), "utf8");
    const [name = ""] = file.split(".formula.");
    const labels = said(text, "subject");
    const cooked = library.cook(
      { name },
      { vars: varsOf(text), ...(labels.length > 0 ? { subject: { labels } } : {}) },
    );
    t.equal(drawn(cooked), said(text, "cooked")[0] ?? "", file);
    for (const line of said(text, "text")) {
      const [id, title] = line.split(/: (.*)/);
      t.equal(cooked.steps.find((step) => step.id === id)?.title, title, `${file}: ${id}`);
    }
    const gates = cooked.steps.flatMap(({ id, gates: list = [] }) =>
      list.map(({ type, awaitId, timeoutMs }) => `${id}: ${type} ${awaitId ?? timeoutMs}`),
    );
    t.same(gates, said(text, "gates"), `${file}: gates`);
  }
});

t.test("bad formulas are refused with everything that is wrong: file, line, key and what was expected", async (t) => {
  const library = libraryOf(BAD);
  for (const file of readdirSync(BAD)) {
    const text = readFileSync(path.join(BAD, file), "utf8");
    const [name = ""] = file.split(".formula.");
    const expected = file.endsWith(".json") ? ["4: the file: expected JSON"] : said(text, "wrong");
    let message = "";
    try {
      library.cook({ name }, { vars: varsOf(text) });
    } catch (error) {
      const { code, message: found } = error as { code: string; message: string };
      t.equal(code, "FORMULA_INVALID", file);
      message = found;
    }
    const lines = message.split("\n").map((line) => line.replaceAll(`${BAD}/`, ""));
    const own = lines.filter((line) => /^[\w-]+\.formula\./.test(line));
    t.equal(own.length, expected.length, `${file} has as many problems as it says\n${message}`);
    for (const words of expected) {
      t.ok(
        own.some((line) => line.replace(/^[^:]*/, "").includes(words)),
        `${file}: ${words}\n${message}`,
      );
    }
  }
});
