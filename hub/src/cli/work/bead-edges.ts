import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import { example, type Session } from "../session.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { defined, whole } from "./filter-options.ts";
import { fileText, jsonValue } from "./values.ts";
import { lineFor, type Shown } from "./views.ts";

interface Edge {
  readonly status: string;
  readonly blocker_id: string;
  readonly blocked_id: string;
  readonly type?: string;
}

interface AddFlags {
  readonly type?: string;
  readonly blockedBy?: string;
  readonly dependsOn?: string;
  readonly metadata?: string;
  readonly file?: string;
}

type Node = Shown & { readonly depth: number; readonly truncated: boolean; readonly edge_from_parent?: string };

/** What waits for what. */
export function addEdges(parent: Command, open: (command: Command) => Session): void {
  const dep = parent.command("dep").description("dependencies: what waits for what");
  example(
    dep
      .command("add [id] [on]")
      .description("the first depends on the second")
      .option("-t, --type <kind>", "blocks (default), conditional-blocks, waits-for, parent-child, related, …")
      .option("--blocked-by <id>", "the same as the second id")
      .option("--depends-on <id>", "the same as the second id")
      .option("--file <file>", "many at once: lines of {issue_id, depends_on_id, type}, - for what is piped in")
      .option("--metadata <json>", 'such as {"gate":"any-children"}'),
    "barnacle bead dep add hq-2b3 hq-1a2",
    "barnacle bead dep add hq-2b3 hq-9zz -t waits-for",
  ).action(async (id: string | undefined, second: string | undefined, flags: AddFlags, command: Command) => {
    const session = open(command);
    if (flags.file !== undefined) {
      const lines = fileText(flags.file)
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map(edgeLine);
      const { done } = await new WorkDoor(session).write<{ done: object[] }>("batch", { lines });
      session.out.print({ added: done.length }, () => `${done.length} dependencies added`);
      return;
    }
    if (id === undefined) throw new BarnacleError("USAGE", "expected what depends, or --file");
    const on = second ?? flags.blockedBy ?? flags.dependsOn;
    if (on === undefined) throw new BarnacleError("USAGE", "expected what it depends on");
    const metadata = flags.metadata === undefined ? undefined : jsonValue("--metadata", flags.metadata);
    const params = defined({ id, on, kind: flags.type, metadata });
    const edge = await new WorkDoor(session).write<Edge>("depAdd", params);
    session.out.print(edge, () => `${edge.blocked_id} depends on ${edge.blocker_id} (${edge.type})`);
  });
  named(dep, "remove <id> <on>", "it depends on it no longer", "barnacle bead dep remove hq-2b3 hq-1a2")
    .alias("rm")
    .action(async (id: string, on: string, _flags: object, command: Command) => {
      const session = open(command);
      const edge = await new WorkDoor(session).write<Edge>("depRemove", { id, on });
      session.out.print(edge, () => `${edge.status}: ${edge.blocked_id} on ${edge.blocker_id}`);
    });
  example(
    dep
      .command("list <id>")
      .description("what it depends on; --up: what depends on it")
      .option("--up", "what depends on it"),
    "barnacle bead dep list hq-1a2 --up",
  ).action(async (id: string, flags: { up?: boolean }, command: Command) => {
    const session = open(command);
    const nodes = await new WorkDoor(session).read<Node[]>("tree", { id, up: flags.up === true, depth: 1 });
    const edges = nodes.slice(1);
    session.out.print(edges, () => edges.map((node) => `${node.edge_from_parent}  ${lineFor(node)}`).join("\n"));
  });
  named(dep, "tree <id>", "everything below it, or above it", "barnacle bead dep tree hq-1a2")
    .option("--up", "what depends on it")
    .option("-d, --depth <n>", "so many steps (default 50)", whole)
    .action(async (id: string, flags: { up?: boolean; depth?: number }, command: Command) => {
      const session = open(command);
      const params = defined({ id, up: flags.up === true, depth: flags.depth });
      const nodes = await new WorkDoor(session).read<Node[]>("tree", params);
      session.out.print(nodes, () =>
        nodes.map((node) => `${"  ".repeat(node.depth)}${lineFor(node)}${node.truncated ? " …" : ""}`).join("\n"),
      );
    });
  named(dep, "cycles", "rings, which only imported data can have", "barnacle bead dep cycles").action(
    async (_flags: object, command: Command) => {
      const session = open(command);
      const rings = await new WorkDoor(session).read<string[][]>("cycles");
      session.out.print(rings, () => rings.map((ring) => ring.join(" → ")).join("\n") || "no rings");
    },
  );
}

/** A line of a batch that draws an edge given as JSON. @throws USAGE */
function edgeLine(text: string): string {
  const { issue_id, depends_on_id, type = "blocks" } = jsonValue("--file", text) as Record<string, unknown>;
  for (const one of [issue_id, depends_on_id, type]) {
    if (typeof one !== "string" || !/^[^\s"']+$/.test(one)) {
      throw new BarnacleError("USAGE", `--file: "${text.slice(0, 60)}": expected {issue_id, depends_on_id, type}`);
    }
  }
  return `dep add ${issue_id} ${depends_on_id} ${type}`;
}
