import type { Command } from "commander";
import { example, type Session } from "../session.ts";
import { named } from "./bead-command.ts";
import { type FieldFlags, fieldOptions, fieldsOf } from "./bead-create.ts";
import { WorkDoor } from "./door.ts";
import { collect, defined, pair } from "./filter-options.ts";
import { fileText } from "./values.ts";
import { lineFor, type Shown } from "./views.ts";

interface UpdateFlags extends FieldFlags {
  readonly status?: string;
  readonly title?: string;
  readonly claim?: boolean;
  readonly appendNotes?: string;
  readonly addLabel?: readonly string[];
  readonly removeLabel?: readonly string[];
  readonly setLabels?: string;
  readonly parent?: string;
  readonly setMetadata?: readonly string[];
  readonly unsetMetadata?: readonly string[];
  readonly ephemeral?: boolean;
  readonly persistent?: boolean;
  readonly pinned?: boolean;
  readonly actor?: string;
}

interface CloseFlags {
  readonly reason?: readonly string[];
  readonly reasonFile?: string;
  readonly force?: boolean;
  readonly suggestNext?: boolean;
  readonly claimNext?: boolean;
  readonly continue?: boolean;
  readonly auto?: boolean;
  readonly session?: string;
  readonly actor?: string;
}

interface Closed {
  readonly closed: readonly Shown[];
  readonly refused: readonly { readonly id: string; readonly message: string }[];
  readonly next?: readonly Shown[];
  readonly claimed?: Shown | null;
}

export function addChanges(parent: Command, open: (command: Command) => Session): void {
  const update = fieldOptions(
    parent.command("update <id...>").description("changes beads; an empty text empties a field"),
  )
    .option("-s, --status <status>", "open, in_progress, blocked, deferred, pinned, hooked, closed")
    .option("--title <text>", "another title")
    .option("--claim", "claim it as well")
    .option("--append-notes <text>", "a line more in the notes")
    .option("--add-label <label>", "repeatable", collect)
    .option("--remove-label <label>", "repeatable", collect)
    .option("--set-labels <labels>", "these and no others, separated by commas")
    .option("--parent <id>", "below another bead; empty: below none")
    .option("--set-metadata <key=value>", "repeatable", collect)
    .option("--unset-metadata <key>", "repeatable", collect)
    .option("--ephemeral", "not kept for long")
    .option("--persistent", "kept")
    .option("--pinned", "stays at hand")
    .option("--no-pinned", "no longer")
    .option("--actor <who>", "in this name");
  example(
    update,
    "barnacle bead update hq-1a2 -p 0 --add-label urgent",
    'barnacle bead update hq-1a2 --defer ""',
  ).action(async (ids: string[], flags: UpdateFlags, command: Command) => {
    const { status, title, setLabels, setMetadata } = flags;
    const fields = {
      ...fieldsOf(flags),
      ...defined({ status, title, labels: setLabels?.split(",").filter((one) => one !== "") }),
      ...(flags.persistent ? { ephemeral: null } : flags.ephemeral ? { ephemeral: true } : {}),
      ...(flags.pinned === undefined ? {} : { pinned: flags.pinned || null }),
    };
    const session = open(command);
    const changed = await new WorkDoor(session).write<Shown[]>(
      "update",
      defined({
        ...{ ids, fields, addLabels: flags.addLabel, removeLabels: flags.removeLabel, parent: flags.parent },
        ...{ appendNotes: flags.appendNotes, unsetMetadata: flags.unsetMetadata, claim: flags.claim },
        setMetadata: setMetadata && Object.fromEntries(setMetadata.map(pair)),
      }),
      flags.actor,
    );
    told(session, changed);
  });

  const close = parent
    .command("close <id...>")
    .alias("done")
    .description("done; those that cannot be closed are named and the others closed")
    .option("-r, --reason <text>", "why; repeated: one for each id", collect)
    .option("--reason-file <file>", "the reason from a file, - for what is piped in")
    .option("-f, --force", "also pinned ones, epics with open children, those that wait")
    .option("--suggest-next", "show what became ready")
    .option("--claim-next", "claim the next ready bead")
    .option("--continue", "claim the next step of what it belongs to")
    .option("--no-auto", "with --continue: only show it")
    .option("--session <id>", "of the agent that did it")
    .option("--actor <who>", "in this name");
  example(close, 'barnacle bead close hq-1a2 -r "Oiled"').action(
    async (ids: string[], flags: CloseFlags, command: Command) => {
      const session = open(command);
      const { reason = [], reasonFile, force, claimNext } = flags;
      const suggestNext = flags.suggestNext || (flags.continue && flags.auto === false) || undefined;
      const goOn = (flags.continue && flags.auto !== false) || undefined;
      const text = reasonFile === undefined ? reason[0] : fileText(reasonFile).trim();
      const params = defined({
        ...{ ids, force, suggestNext, claimNext, session: flags.session, reason: text, continue: goOn },
        reasons: reason.length > 1 ? reason : undefined,
      });
      const result = await new WorkDoor(session).write<Closed>("close", params, flags.actor);
      for (const { message } of result.refused) session.io.stderr.write(`${message}\n`);
      const { closed, next, claimed } = result;
      const { out } = session;
      if (next === undefined && claimed === undefined) told(session, closed);
      else
        out.print({ closed, ...defined({ next, claimed }) }, () =>
          [
            ...closed.map(lineFor),
            ...(next ?? []).map((bead) => `ready now: ${lineFor(bead)}`),
            ...(claimed === undefined ? [] : [claimed ? `claimed: ${lineFor(claimed)}` : "nothing is ready"]),
          ].join("\n"),
        );
    },
  );
  named(parent, "reopen <id...>", "open again what was closed", 'barnacle bead reopen hq-1a2 -r "still squeaks"')
    .option("-r, --reason <text>", "why, as a comment")
    .option("--actor <who>", "in this name")
    .action(async (ids: string[], flags: { reason?: string; actor?: string }, command: Command) => {
      const session = open(command);
      const params = defined({ ids, reason: flags.reason });
      told(session, await new WorkDoor(session).write<Shown[]>("reopen", params, flags.actor));
    });
  named(parent, "defer <id...>", "puts beads off", "barnacle bead defer hq-1a2 --until tomorrow")
    .option("--until <time>", "tomorrow, +2w, 2026-12-24")
    .action(async (ids: string[], flags: { until?: string }, command: Command) => {
      const session = open(command);
      const fields = { status: "deferred", ...defined({ defer_until: flags.until }) };
      told(session, await new WorkDoor(session).write<Shown[]>("update", { ids, fields }));
    });
  named(parent, "undefer <id...>", "takes them up again", "barnacle bead undefer hq-1a2").action(
    async (ids: string[], _flags: object, command: Command) => {
      const session = open(command);
      const fields = { status: "open", defer_until: null };
      told(session, await new WorkDoor(session).write<Shown[]>("update", { ids, fields }));
    },
  );
  named(
    parent,
    "delete <id...>",
    "leaves a tombstone; --purge: nothing but the events",
    "barnacle bead delete hq-1a2 --force",
  )
    .option("-r, --reason <text>", "why")
    .option("--purge", "the line goes too")
    .option("-f, --force", "without it only shown")
    .action(async (ids: string[], flags: { reason?: string; purge?: boolean; force?: boolean }, command: Command) => {
      const session = open(command);
      const door = new WorkDoor(session);
      if (!flags.force) {
        const beads = await door.read<Shown[]>("show", { ids });
        session.out.print({ would_delete: beads.map(({ id }) => id) }, () =>
          [...beads.map((bead) => `would delete: ${lineFor(bead)}`), "Repeat with --force."].join("\n"),
        );
        return;
      }
      const params = defined({ ids, reason: flags.reason, purge: flags.purge });
      const deleted = await door.write<{ deleted: string[] }>("delete", params);
      session.out.print(deleted, () => `deleted: ${deleted.deleted.join(" ")}`);
    });
}

export function told(session: Session, beads: readonly Shown[]): void {
  session.out.print(beads, () => beads.map(lineFor).join("\n"));
}
