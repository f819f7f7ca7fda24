import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { MessageView } from "../../mail/index.ts";
import { example, type Session } from "../session.ts";
import { oneLine } from "../table.ts";
import { WorkDoor } from "./door.ts";
import { defined, whole } from "./filter-options.ts";
import { identityOf, MESSAGES, messageText } from "./mail-views.ts";

interface Check {
  readonly pending: number;
  readonly delivered: number;
  readonly messages: readonly MessageView[];
}

const WHOSE = ["--identity <who>", "whose (default BARNACLE_ACTOR, else overseer)"] as const;

export function addMailReads(parent: Command, open: (command: Command) => Session): void {
  const inbox = parent
    .command("inbox [who]")
    .description("what is for somebody, newest first")
    .option(...WHOSE)
    .option("-u, --unread", "only what is not acknowledged")
    .option("-a, --all", "archived messages too")
    .option("-n, --limit <n>", "at most so many, 0: all (default 50)", whole);
  example(inbox, "barnacle mail inbox", "barnacle mail inbox garden/polecats/toast --unread --json").action(
    async (
      who: string | undefined,
      { identity, ...flags }: { identity?: string; unread?: boolean; all?: boolean; limit?: number },
      command: Command,
    ) => {
      const session = open(command);
      const params = defined({ identity: identityOf(session, who ?? identity), ...flags });
      session.out.list(await new WorkDoor(session).read<MessageView[]>("mail.inbox", params), MESSAGES, "no mail");
    },
  );

  const read = parent
    .command("read <id>")
    .alias("show")
    .description("one message; it counts as delivered then, and as done once you say so")
    .option("--peek", "without a trace")
    .option(...WHOSE);
  example(read, "barnacle mail read hq-1a2").action(
    async (id: string, flags: { peek?: boolean; identity?: string }, command: Command) => {
      const session = open(command);
      const identity = identityOf(session, flags.identity);
      const door = new WorkDoor(session);
      const message = flags.peek
        ? await door.read<MessageView>("mail.show", { id, identity })
        : await door.write<MessageView>("mail.read", { id, identity }, identity);
      session.out.print(message, (style) => messageText(message, style));
    },
  );

  const check = parent
    .command("check")
    .description("is there new mail? exit code 0: yes, 1: no")
    .option("--inject", "the new messages for an agent's prompt, which counts as delivering them; exit code 0")
    .option(...WHOSE);
  example(check, "barnacle mail check && barnacle mail inbox", "barnacle mail check --inject").action(
    async (flags: { inject?: boolean; identity?: string }, command: Command) => {
      const session = open(command);
      const identity = identityOf(session, flags.identity);
      const door = new WorkDoor(session);
      const found = await door.read<Check>("mail.check", { identity });
      if (!flags.inject) {
        session.out.print(found, () => `${found.pending} new, ${found.delivered} read and not acknowledged`);
        if (found.pending === 0) session.fail();
        return;
      }
      const shown: MessageView[] = [];
      for (const { id } of found.messages.toReversed()) {
        shown.push(await door.write<MessageView>("mail.read", { id, identity }, identity));
      }
      if (session.out.json) session.out.print({ ...found, messages: shown }, () => "");
      else if (shown.length > 0) session.out.line(shown.map(injected).join("\n\n"));
    },
  );

  example(
    parent.command("thread <id>").description("every message of a thread, the oldest first"),
    "barnacle mail thread hq-1a2",
  ).action(async (id: string, _flags: object, command: Command) => {
    const session = open(command);
    session.out.list(await new WorkDoor(session).read<MessageView[]>("mail.thread", { id }), MESSAGES, "no messages");
  });

  const search = parent
    .command("search <text...>")
    .description("full text; every word must occur, gat* is the beginning of one")
    .option("--from <who>", "sent by")
    .option("--identity <who>", "from or for")
    .option("-n, --limit <n>", "at most so many, 0: all (default 50)", whole);
  example(search, 'barnacle mail search "garden gate" --from mayor/').action(
    async (words: string[], flags: { from?: string; identity?: string; limit?: number }, command: Command) => {
      const session = open(command);
      const text = words.join(" ");
      if (text.trim() === "") throw new BarnacleError("USAGE", "expected a text");
      const found = await new WorkDoor(session).read<MessageView[]>("mail.search", defined({ text, ...flags }));
      session.out.list(found, MESSAGES, "nothing found");
    },
  );
}

/** What stands in an agent's prompt. */
function injected({ id, from, subject, body, priority, type }: MessageView): string {
  const head = `Mail ${id} from ${from} (${type}, ${priority}): ${oneLine(subject)}`;
  return [head, ...(body === "" ? [] : [body.trimEnd()]), `When it is done: barnacle mail mark-read ${id}`].join("\n");
}
