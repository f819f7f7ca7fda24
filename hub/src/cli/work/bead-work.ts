import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import { example, type Session } from "../session.ts";
import { told } from "./bead-changes.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { fileText, leaseOf } from "./values.ts";
import { beadText, lineFor, type Shown } from "./views.ts";

interface ClaimFlags {
  readonly as?: string;
  readonly lease?: string;
  readonly next?: boolean;
}

interface CommentFlags {
  readonly as?: string;
  readonly file?: string;
  readonly stdin?: boolean;
}

/** Doing the work: claims, comments, labels. */
export function addWork(parent: Command, open: (command: Command) => Session): void {
  const as = (command: Command) => command.option("--as <who>", "in this name (default BARNACLE_ACTOR, else the user)");
  example(
    as(parent.command("claim [id]").description("makes a bead one's own; of many at once one wins"))
      .option("--lease <length>", "ends without a heartbeat for so long: 10m")
      .option("--next", "the first that is ready"),
    "barnacle bead claim hq-1a2 --as alice",
    "barnacle bead claim --next --as alice --lease 10m",
  ).action(async (id: string | undefined, flags: ClaimFlags, command: Command) => {
    const session = open(command);
    const door = new WorkDoor(session);
    if ((id === undefined) !== (flags.next === true)) throw new BarnacleError("USAGE", "expected an id, or --next");
    const bead = flags.next
      ? await door.write<Shown | null>("claimNext", leaseOf(flags), flags.as)
      : await door.write<Shown>("claim", { id, ...leaseOf(flags) }, flags.as);
    if (bead === null) throw new BarnacleError("BEAD_NOT_CLAIMABLE", "nothing is ready");
    session.out.print(bead, (style) => beadText(bead, style));
  });
  as(named(parent, "release <id...>", "gives beads back", "barnacle bead release hq-1a2")).action(
    async (ids: string[], flags: ClaimFlags, command: Command) => {
      const session = open(command);
      told(session, await new WorkDoor(session).write<Shown[]>("release", { ids }, flags.as));
    },
  );
  as(named(parent, "heartbeat <id>", "says that work goes on", "barnacle bead heartbeat hq-1a2 --lease 10m"))
    .option("--lease <length>", "ends without another for so long")
    .action(async (id: string, flags: ClaimFlags, command: Command) => {
      const session = open(command);
      const bead = await new WorkDoor(session).write<Shown>("heartbeat", { id, ...leaseOf(flags) }, flags.as);
      session.out.print(bead, () => lineFor(bead));
    });
  as(
    named(
      parent,
      "fail <id> <reason...>",
      "an attempt came to nothing; it may be tried again",
      'barnacle bead fail hq-1a2 "tests do not pass"',
    ),
  ).action(async (id: string, words: string[], flags: ClaimFlags, command: Command) => {
    const session = open(command);
    const bead = await new WorkDoor(session).write<Shown>("fail", { id, reason: words.join(" ") }, flags.as);
    session.out.print(bead, () => lineFor(bead));
  });
  as(
    named(
      parent,
      "comment <id> [text...]",
      "says something about a bead",
      'barnacle bead comment hq-1a2 "the left hinge"',
    ),
  )
    .option("--file <file>", "from a file, - for what is piped in")
    .option("--stdin", "it is piped in")
    .action(async (id: string, words: string[], flags: CommentFlags, command: Command) => {
      const session = open(command);
      const file = flags.stdin ? "-" : flags.file;
      const text = file === undefined ? words.join(" ") : fileText(file);
      if (text.trim() === "") throw new BarnacleError("USAGE", "expected a text, or --file");
      const bead = await new WorkDoor(session).write<Shown>("comment", { id, text }, flags.as);
      session.out.print(bead, () => lineFor(bead));
    });
  named(parent, "comments <id>", "what was said about it", "barnacle bead comments hq-1a2").action(
    async (id: string, _flags: object, command: Command) => {
      const session = open(command);
      const [bead] = await new WorkDoor(session).read<Shown[]>("show", { ids: [id] });
      const comments = (bead?.comments ?? []) as readonly { author?: string; created_at?: string; text: string }[];
      session.out.print(comments, () =>
        comments.map((one) => `${one.created_at} ${one.author}: ${one.text}`).join("\n"),
      );
    },
  );
  const label = parent.command("label").description("labels of beads");
  for (const [name, member] of [
    ["add", "addLabels"],
    ["remove", "removeLabels"],
  ] as const) {
    named(label, `${name} <label> <id...>`, `${name} a label`, `barnacle bead label ${name} garden hq-1a2`).action(
      async (text: string, ids: string[], _flags: object, command: Command) => {
        const session = open(command);
        told(session, await new WorkDoor(session).write<Shown[]>("update", { ids, [member]: [text] }));
      },
    );
  }
  named(label, "list", "all labels with how often they are used", "barnacle bead label list").action(
    async (_flags: object, command: Command) => {
      const session = open(command);
      const labels = await new WorkDoor(session).read<{ label: string; count: number }[]>("labels");
      const columns = [
        { title: "label", value: (row: { label: string }) => row.label },
        { title: "beads", value: (row: { count: number }) => row.count },
      ];
      session.out.list(labels, columns, "no labels");
    },
  );
}
