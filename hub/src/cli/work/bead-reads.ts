import type { Command } from "commander";
import { timestamp } from "../format.ts";
import { example, type Session } from "../session.ts";
import { renderFields, type TableColumn } from "../table.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { defined, type FilterFlags, filterOf, filterOptions, whole } from "./filter-options.ts";
import { BLOCKED, beadText, LISTED, lineFor, type Shown } from "./views.ts";

interface ListFlags extends FilterFlags {
  readonly status?: string;
  readonly all?: boolean;
  readonly ready?: boolean;
  readonly overdue?: boolean;
  readonly deferred?: boolean;
  readonly pinned?: boolean;
  readonly title?: string;
  readonly createdAfter?: string;
  readonly createdBefore?: string;
  readonly updatedAfter?: string;
  readonly updatedBefore?: string;
  readonly closedAfter?: string;
  readonly closedBefore?: string;
  readonly dueAfter?: string;
  readonly dueBefore?: string;
  readonly descContains?: string;
  readonly sort?: string;
  readonly reverse?: boolean;
  readonly query?: string;
}

interface EventRow {
  readonly seq: number;
  readonly id: string;
  readonly at: number;
  readonly who: string;
  readonly kind: string;
}

const EVENTS: readonly TableColumn<EventRow>[] = [
  { title: "seq", value: ({ seq }) => seq },
  { title: "time", value: ({ at }) => timestamp(at) },
  { title: "bead", value: ({ id }) => id },
  { title: "who", value: ({ who }) => who },
  { title: "what", value: ({ kind }) => kind },
];

export function addReads(parent: Command, open: (command: Command) => Session): void {
  example(
    parent
      .command("show <id...>")
      .alias("view")
      .description("everything about beads; a part of an id is enough when one has it")
      .option("--short", "one line each"),
    "barnacle bead show hq-1a2",
  ).action(async (ids: string[], flags: { short?: boolean }, command: Command) => {
    const session = open(command);
    const beads = await new WorkDoor(session).read<Shown[]>("show", { ids });
    session.out.print(beads, (style) =>
      flags.short ? beads.map(lineFor).join("\n") : beads.map((bead) => beadText(bead, style)).join("\n\n"),
    );
  });

  const list = listOptions(
    named(parent, "list", "beads that are not done; --all: all of them", "barnacle bead label list"),
  );
  example(list, "barnacle bead list --status open,blocked -l garden", "barnacle bead list --ready").action(
    async (flags: ListFlags, command: Command) => show(open(command), listOf(flags)),
  );
  const search = listOptions(
    parent
      .command("search <text...>")
      .description("full text, newest first: every word must occur; gat* is the beginning of one"),
  );
  example(search, "barnacle bead search squeaky gate").action(
    async (words: string[], flags: ListFlags, command: Command) =>
      show(open(command), { all: true, ...listOf(flags), text: words.join(" ") }),
  );
  const query = listOptions(parent.command("query <expression>").description("fields, comparisons, AND, OR, NOT"));
  example(query, 'barnacle bead query "priority <= 1 AND (label = garden OR NOT updated < 30d)"').action(
    async (expression: string, flags: ListFlags, command: Command) =>
      show(open(command), { ...listOf(flags), query: expression }),
  );

  const blocked = filterOptions(parent.command("blocked").description("open beads that wait, and for what"), "all");
  example(blocked, "barnacle bead blocked").action(async (flags: FilterFlags, command: Command) => {
    const session = open(command);
    session.out.list(
      await new WorkDoor(session).read<Shown[]>("blocked", filterOf(flags)),
      BLOCKED,
      "nothing is blocked",
    );
  });

  example(
    parent
      .command("events [id]")
      .description("what was changed by whom, latest last")
      .option("--after <seq>", "only later ones, oldest first", whole)
      .option("-n, --limit <n>", "at most so many, 0: all (default 50)", whole),
    "barnacle bead events hq-1a2 --json",
  ).action(async (id: string | undefined, flags: { after?: number; limit?: number }, command: Command) => {
    const session = open(command);
    const newest = flags.after === undefined;
    const query = defined({ id, after: flags.after, limit: flags.limit ?? 50, newest });
    const events = await new WorkDoor(session).read<EventRow[]>("events", query);
    session.out.list(newest ? events.toReversed() : events, EVENTS, "no events");
  });

  named(parent, "children <id>", "what stands below a bead", "barnacle bead children hq-1a2").action(
    async (id: string, _flags: object, command: Command) => {
      const session = open(command);
      session.out.list(await new WorkDoor(session).read<Shown[]>("children", { id }), LISTED, "no children");
    },
  );
  filterOptions(
    named(parent, "stale", "open beads that nobody touched for long", "barnacle bead stale --days 14"),
    "50",
  )
    .option("-d, --days <n>", "for so many days (default 30)", whole)
    .action(async (flags: FilterFlags & { days?: number }, command: Command) => {
      const session = open(command);
      const beads = await new WorkDoor(session).read<Shown[]>(
        "stale",
        defined({ ...filterOf(flags), days: flags.days }),
      );
      session.out.list(beads, LISTED, "nothing is stale");
    });
  listOptions(named(parent, "count", "how many", "barnacle bead count --by status"))
    .option("--by <what>", "status, priority, type, assignee or label")
    .action(async (flags: ListFlags & { by?: string }, command: Command) => {
      const session = open(command);
      const filter = flags.by === undefined ? listOf(flags) : { ...listOf(flags), by: flags.by, all: true };
      const counted = await new WorkDoor(session).read<{ count: number; by?: Record<string, number> }>("count", filter);
      session.out.print(counted, (style) =>
        counted.by ? renderFields(Object.entries(counted.by), style) : String(counted.count),
      );
    });
  named(parent, "stats", "numbers over all beads", "barnacle bead stats")
    .alias("status")
    .action(async (_flags: object, command: Command) => {
      const session = open(command);
      const stats = await new WorkDoor(session).read<Record<string, number>>("stats");
      session.out.print(stats, (style) =>
        renderFields(
          Object.entries(stats).map(([name, value]) => [name.replaceAll("_", " "), value]),
          style,
        ),
      );
    });
  const epic = parent.command("epic").description("epics and how far they are");
  named(
    epic,
    "close-eligible",
    "closes epics whose children are all closed",
    "barnacle bead epic close-eligible --dry-run",
  )
    .option("--dry-run", "only show")
    .action(async (flags: { dryRun?: boolean }, command: Command) => {
      const session = open(command);
      const door = new WorkDoor(session);
      const epics = (await door.read<Epic[]>("epics", { eligible: true })).filter(
        (one) => one.epic.status !== "closed",
      );
      const ids = epics.map((one) => one.epic.id);
      if (!flags.dryRun && ids.length > 0) await door.write("close", { ids, reason: "All children closed" });
      session.out.list(epics, EPICS, "no epic can be closed");
    });
  for (const [above, name] of [
    [epic, "status"],
    [parent, "epics"],
  ] as const)
    epics(above, name, open);
}

function epics(above: Command, name: string, open: (command: Command) => Session): void {
  named(
    above,
    name,
    "epics and how far they are",
    `barnacle bead ${name === "epics" ? name : "epic status"} --eligible-only`,
  )
    .option("--eligible-only", "those whose children are all closed")
    .action(async (flags: { eligibleOnly?: boolean }, command: Command) => {
      const session = open(command);
      const eligible = flags.eligibleOnly === true;
      const epics = await new WorkDoor(session).read<Epic[]>("epics", { eligible });
      session.out.list(epics, EPICS, "no epics");
    });
}

interface Epic {
  readonly epic: Shown;
  readonly total_children: number;
  readonly closed_children: number;
}

const EPICS: readonly TableColumn<Epic>[] = [
  { title: "id", value: ({ epic }) => epic.id },
  { title: "done", value: (epic) => `${epic.closed_children}/${epic.total_children}` },
  { title: "title", value: ({ epic }) => epic.title },
];

async function show(session: Session, filter: object): Promise<void> {
  session.out.list(await new WorkDoor(session).read<Shown[]>("list", filter), LISTED, "no such beads");
}

function listOptions(command: Command): Command {
  return filterOptions(command, "50")
    .option("-s, --status <status>", "open, in_progress, closed, …, several with commas")
    .option("--all", "also those that are done, pinned or deleted")
    .option("--ready", "only what can be started now")
    .option("--overdue", "due and not done")
    .option("--deferred", "put off until later")
    .option("--pinned", "pinned ones")
    .option("--title <text>", "with this in the title")
    .option("--created-after <time>", "2026-12-24, -7d, yesterday")
    .option("--created-before <time>", "likewise")
    .option("--updated-after <time>", "likewise")
    .option("--updated-before <time>", "likewise")
    .option("--closed-after <time>", "likewise")
    .option("--closed-before <time>", "likewise")
    .option("--due-after <time>", "likewise")
    .option("--due-before <time>", "likewise")
    .option("--desc-contains <text>", "with this in the description")
    .option("--query <expression>", "see `barnacle bead query --help`")
    .option("--sort <order>", "priority (default), created, updated, title, status, id or file")
    .option("-r, --reverse", "the other way round");
}

function listOf(flags: ListFlags): Record<string, unknown> {
  const { status, all, ready, overdue, deferred, pinned, title, sort, reverse, query } = flags;
  const { createdAfter, createdBefore, updatedAfter, updatedBefore, closedAfter, closedBefore } = flags;
  return defined({
    ...filterOf(flags),
    ...{ status, all, ready, overdue, deferred, pinned, title, reverse, query, sortBy: sort },
    ...{ createdAfter, createdBefore, updatedAfter, updatedBefore, closedAfter, closedBefore },
    ...{ dueAfter: flags.dueAfter, dueBefore: flags.dueBefore, description: flags.descContains },
  });
}
