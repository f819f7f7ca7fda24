import type { Command } from "commander";
import fc from "fast-check";
import t from "tap";
import { programOf } from "../program-of.ts";
import type { Family, Session } from "../session.ts";
import { capturedIo } from "../testing.ts";
import { WORK_FAMILIES } from "./families.ts";
import { collect, whole } from "./filter-options.ts";
import { callOf, runQuickly } from "./quick.ts";

interface Asked {
  readonly args: readonly unknown[];
  readonly options: object;
}

const never = () => {
  throw new TypeError("not opened here");
};

/** One of each kind of command and option that families use. */
function sample(asked: Asked[]): Family {
  return (program) => {
    const note = (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      asked.push({ args: given.slice(0, -2), options: { all: command.optsWithGlobals(), own: command.opts() } });
    };
    const work = program.command("work").description("…");
    work
      .command("make <title>")
      .alias("new")
      .option("-l, --label <label>", "…", collect)
      .option("-n, --limit <n>", "…", whole)
      .option("-p, --priority <n>", "…")
      .option("--dry-run", "…")
      .option("-a, --assignee <who>", "…")
      .option("--no-assignee", "…")
      .option("--no-colour", "…")
      .action(note);
    work.command("close <id...>").option("--force", "…").addHelpText("after", "x").action(note);
    work.command("say <id>").argument("[text...]", "…").action(note);
    work.command("odd").allowUnknownOption().action(note);
    work.command("add <id> [on]").requiredOption("-w, --why <text>", "…").action(note);
  };
}

/** What commander makes of it, or undefined when it refuses. */
async function byCommander(argv: readonly string[]): Promise<Asked | undefined> {
  const asked: Asked[] = [];
  try {
    await programOf([sample(asked)], capturedIo({ home: "/nowhere" }), never).parseAsync([...argv], { from: "user" });
  } catch {
    return undefined;
  }
  return asked[0];
}

t.test("a plain command line means the same with and without commander", async (t) => {
  const words = fc.constantFrom(
    ..."work make new close say add hq-1 x - -- --label -l --limit -n -p --priority --dry-run -a --assignee ben".split(
      " ",
    ),
    ..."--no-assignee --no-colour --force --json --state-dir /tmp 7 many --label=x --limit=3 --force=1 -p1 --help -h".split(
      " ",
    ),
    ..."--version -V --nonsense -dl --why -w=x".split(" "),
  );
  const family = fc.constantFrom("make", "new", "close", "say", "add", "odd");
  let quick = 0;
  await fc.assert(
    fc.asyncProperty(family, fc.array(words, { maxLength: 6 }), fc.boolean(), async (name, rest, first) => {
      const argv = first ? ["--json", "work", name, ...rest] : ["work", name, ...rest];
      const asked: Asked[] = [];
      const call = callOf([sample(asked)], argv, never);
      if (!call) return;
      quick++;
      await call();
      const expected = await byCommander(argv);
      if (JSON.stringify(asked[0]) !== JSON.stringify(expected)) {
        throw new TypeError(`${argv.join(" ")}: ${JSON.stringify(asked[0])}, commander: ${JSON.stringify(expected)}`);
      }
    }),
    { numRuns: 3000 },
  );
  t.ok(quick > 100, `${quick} plain ones`);
});

t.test("what is plain in every family of work is read without commander", async (t) => {
  for (const line of [
    "bead create Gate -p 1 -l garden --due tomorrow --silent",
    "bead close hq-1 hq-2 -r done --force",
    "bead update hq-1 --set-metadata a=b --no-pinned",
    "bead dep add hq-1 hq-2 -t related",
    "bead config set issue_prefix shop",
    "ready --limit 0 --json",
    "bead list --no-assignee --state-dir /nowhere",
  ]) {
    t.ok(callOf(WORK_FAMILIES, line.split(" "), never), line);
  }
  for (const line of [
    "bead",
    "bead show",
    "bead create a b",
    "bead nonsense",
    "bead list --help",
    "bead list --limit x",
  ]) {
    t.notOk(callOf(WORK_FAMILIES, line.split(" "), never), line);
  }
});

t.test("an error is printed as everywhere", async (t) => {
  const io = capturedIo({ home: "/nowhere" });
  const failing: Family = (program, open) => {
    program.command("fail").action((_flags: object, command: Command) => {
      (open(command) as Session).out.line("begun");
      throw new TypeError("broken");
    });
  };
  t.equal(await runQuickly([failing], ["fail", "--json"], io), 1);
  t.equal(await runQuickly([failing], ["fail", "--what"], io), undefined);
  t.match([io.out(), io.err()], ["begun\n", /"code":"INTERNAL"/]);
});
