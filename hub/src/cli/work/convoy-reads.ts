import type { Command } from "commander";
import type { ConvoyView, Landing, Stranded } from "../../convoys/index.ts";
import { timestamp } from "../format.ts";
import { example, type Session } from "../session.ts";
import type { TableColumn } from "../table.ts";
import { CONVOYS, convoyText, treeText } from "./convoy-views.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";

const STRANDED: readonly TableColumn<Stranded>[] = [
  { title: "id", value: ({ id }) => id },
  { title: "ready", value: ({ ready_count, tracked_count }) => `${ready_count}/${tracked_count}` },
  { title: "beads", value: ({ ready_issues }) => ready_issues.join(" ") },
  { title: "title", value: ({ title }) => title },
];

const LANDINGS: readonly TableColumn<Landing>[] = [
  { title: "n", value: ({ number }) => number },
  { title: "time", value: ({ at }) => timestamp(at) },
  { title: "who", value: ({ who }) => who },
  { title: "reason", value: ({ reason, forced }) => (forced ? `${reason} (forced)` : reason) },
];

export function addConvoyReads(parent: Command, open: (command: Command) => Session): void {
  const list = parent
    .command("list")
    .description("convoys that are not closed; --all: all of them")
    .option("--all", "also closed ones")
    .option("-s, --status <states>", "staged_ready, staged_warnings, open, closed, several with commas")
    .option("--bead <id>", "those that track this bead")
    .option("--tree", "with what they track and contain");
  example(list, "barnacle convoy list --tree").action(
    async (flags: { all?: boolean; status?: string; bead?: string; tree?: boolean }, command: Command) => {
      const session = open(command);
      const { tree, ...filter } = flags;
      const convoys = await new WorkDoor(session).read<ConvoyView[]>("convoys.list", defined(filter));
      if (tree && convoys.length > 0) session.out.print(convoys, (style) => treeText(convoys, style));
      else session.out.list(convoys, CONVOYS, "no convoys");
    },
  );
  example(
    parent
      .command("status [id]")
      .alias("show")
      .description("everything about one convoy; without an id: all that are open"),
    "barnacle convoy status hq-cv-a1b2c",
  ).action(async (id: string | undefined, _flags: object, command: Command) => {
    const session = open(command);
    const door = new WorkDoor(session);
    if (id === undefined) {
      session.out.list(await door.read<ConvoyView[]>("convoys.list"), CONVOYS, "no convoys");
      return;
    }
    const convoy = await door.read<ConvoyView>("convoys.status", { id });
    session.out.print(convoy, (style) => convoyText(convoy, style));
  });
  example(
    parent.command("stranded").description("launched convoys with ready work that nobody does, or without any work"),
    "barnacle convoy stranded --json",
  ).action(async (_flags: object, command: Command) => {
    const session = open(command);
    session.out.list(await new WorkDoor(session).read<Stranded[]>("convoys.stranded"), STRANDED, "nothing is stranded");
  });
  example(
    parent.command("landings <id>").description("each time it was closed, by whom, with what evidence"),
    "barnacle convoy landings hq-cv-a1b2c --json",
  ).action(async (id: string, _flags: object, command: Command) => {
    const session = open(command);
    session.out.list(await new WorkDoor(session).read<Landing[]>("convoys.landings", { id }), LANDINGS, "never landed");
  });
}
