import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { ImportSummary } from "../../beads/index.ts";
import type { Session } from "../session.ts";
import { told } from "./bead-changes.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { collect, defined } from "./filter-options.ts";
import { fileText } from "./values.ts";
import type { Shown } from "./views.ts";

/** Short words for what is done often, and for the beginning. */
export function addShort(parent: Command, open: (command: Command) => Session): void {
  named(parent, "q <title>", "a new bead; prints its id only", 'barnacle bead q "Fix the gate" -p 1')
    .option("-t, --type <type>", "task, bug, feature, …")
    .option("-p, --priority <n>", "0 (most urgent) to 4")
    .option("-l, --label <label>", "repeatable", collect)
    .action(async (title: string, flags: { type?: string; priority?: string; label?: string[] }, command: Command) => {
      const session = open(command);
      const params = defined({ title, issue_type: flags.type, priority: flags.priority, labels: flags.label });
      const made = await new WorkDoor(session).write<Shown>("create", params);
      session.out.print(made, () => made.id);
    });
  const update = (usage: string, description: string, line: string, params: (value: string) => object) =>
    named(parent, usage, description, line).action(
      async (id: string, value: string, _flags: object, command: Command) => {
        const session = open(command);
        told(session, await new WorkDoor(session).write<Shown[]>("update", { ids: [id], ...params(value) }));
      },
    );
  update("assign <id> <who>", "who is to do it; an empty text: nobody", "barnacle bead assign hq-1a2 ben", (who) => ({
    fields: { assignee: who },
  }));
  update("priority <id> <n>", "how urgent it is", "barnacle bead priority hq-1a2 P1", (priority) => ({
    fields: { priority },
  }));
  update("tag <id> <label>", "adds a label", "barnacle bead tag hq-1a2 garden", (label) => ({ addLabels: [label] }));
  update("note <id> <text>", "a line more in the notes", 'barnacle bead note hq-1a2 "left hinge"', (text) => ({
    appendNotes: text,
  }));
  const join = (usage: string, description: string, line: string, kind: string, closes?: string) =>
    named(parent, usage, description, line).action(async (id: string, on: string, _flags: object, command: Command) => {
      const session = open(command);
      const door = new WorkDoor(session);
      await door.write("depAdd", { id, on, kind });
      if (closes === undefined) told(session, await door.read<Shown[]>("show", { ids: [id] }));
      else {
        const { closed } = await door.write<{ closed: Shown[] }>("close", {
          ids: [id],
          reason: `${closes} ${on}`,
          force: true,
        });
        told(session, closed);
      }
    });
  join("link <id> <on>", "says that the two belong together", "barnacle bead link hq-1a2 hq-2b3", "related");
  join(
    "duplicate <id> <of>",
    "closes a bead as the same as another",
    "barnacle bead duplicate hq-1a2 hq-2b3",
    "duplicates",
    "Duplicate of",
  );
  join(
    "supersede <id> <by>",
    "closes a bead in favour of another",
    "barnacle bead supersede hq-1a2 hq-2b3",
    "supersedes",
    "Superseded by",
  );
  named(parent, "lint", "what texts lack that beads of their type should say", "barnacle bead lint").action(
    async (_flags: object, command: Command) => {
      const session = open(command);
      const found = await new WorkDoor(session).read<{ id: string; issue_type: string; missing: string[] }[]>("lint");
      const columns = [
        { title: "id", value: (row: { id: string }) => row.id },
        { title: "type", value: (row: { issue_type: string }) => row.issue_type },
        { title: "missing", value: (row: { missing: string[] }) => row.missing.join(", ") },
      ];
      session.out.list(found, columns, "nothing is missing");
    },
  );
  named(parent, "where", "where the beads are kept", "barnacle bead where").action(
    async (_flags: object, command: Command) => {
      const session = open(command);
      const { stateDir } = new WorkDoor(session);
      session.out.print({ state_dir: stateDir }, () => stateDir);
    },
  );
  named(
    parent,
    "init",
    "the prefix of ids, and an issue file to begin with",
    "barnacle bead init -p shop --from-jsonl .beads/issues.jsonl",
  )
    .option("-p, --prefix <prefix>", "of ids that are made (default hq)")
    .option("--from-jsonl <file>", "takes in an issue file")
    .action(async (flags: { prefix?: string; fromJsonl?: string }, command: Command) => {
      const session = open(command);
      const door = new WorkDoor(session);
      const lines = flags.fromJsonl === undefined ? [] : fileText(flags.fromJsonl).split("\n");
      const key = "issue_prefix";
      const { value } = await door.write<{ value: string | null }>("configure", defined({ key, value: flags.prefix }));
      const { created, problems } = await door.write<ImportSummary>("import", { lines });
      if (problems.length > 0)
        throw new BarnacleError("INPUT_INVALID", `line ${problems[0]?.line}: ${problems[0]?.problem}`);
      const result = { state_dir: door.stateDir, prefix: value ?? "hq", imported: created };
      session.out.print(result, () => `${result.state_dir}: prefix ${result.prefix}, ${created} beads taken in`);
    });
}
