import type { Command } from "commander";
import type { InboxMessage } from "../../services.ts";
import { timestamp } from "../format.ts";
import type { GatewayClient } from "../gateway/client.ts";
import { count } from "../gateway/parse.ts";
import { example, type Family, type Session } from "../session.ts";
import { oneLine, renderFields } from "../table.ts";

interface Page {
  readonly messages: readonly InboxMessage[];
  readonly nextCursor?: string;
}

interface ListOptions {
  readonly channel?: string;
  readonly room?: string;
  readonly unread?: boolean;
  readonly archived?: boolean;
  readonly limit: number;
  readonly cursor?: string;
}

export const inboxFamily: Family = (program, open) => {
  const inbox = program.command("inbox").description("every turn and message that came in or went out");

  example(filters(inbox.command("list").description("newest first")), "barnacle inbox list --unread").action(
    async (options: ListOptions, command: Command) => {
      const session = open(command);
      printPage(session, await session.hub((client) => page(client, { ...options })));
    },
  );

  example(
    filters(inbox.command("search <text>").description("full text, newest first")),
    'barnacle inbox search "kitchen light"',
  ).action(async (text: string, options: ListOptions, command: Command) => {
    const session = open(command);
    printPage(session, await session.hub((client) => page(client, { ...options, text })));
  });

  example(inbox.command("show <message>").description("one message"), "barnacle inbox show 0197f4c2").action(
    async (id: string, _options: object, command: Command) => {
      const session = open(command);
      const message = await session.hub((client) => client.call<InboxMessage>("barnacle.inbox.get", { id }));
      session.out.print(
        message,
        (style) =>
          `${renderFields(
            [
              ["id", message.id],
              ["time", timestamp(message.at)],
              ["channel", message.channel],
              ["from", message.sender],
              ["direction", message.direction],
              ["room", message.room],
              ["turn", message.turnId],
              ["state", [message.read ? "read" : "unread", message.archived && "archived"].filter(Boolean).join(", ")],
            ],
            style,
          )}\n\n${oneLine(message.text)}`,
      );
    },
  );

  mark("read", "mark as read", { read: true });
  mark("archive", "put away", { archived: true });

  function mark(verb: string, description: string, flags: object): void {
    example(inbox.command(`${verb} <message>`).description(description), `barnacle inbox ${verb} 0197f4c2`).action(
      async (id: string, _options: object, command: Command) => {
        const session = open(command);
        const message = await session.hub((client) =>
          client.call<InboxMessage>("barnacle.inbox.mark", { id, ...flags }),
        );
        session.out.print(message, () => `${message.id}: ${verb === "read" ? "read" : "archived"}.`);
      },
    );
  }
};

function filters(command: Command): Command {
  return command
    .option("--channel <channel>", "voice, text, …")
    .option("--room <room>")
    .option("--unread", "only what was not read yet")
    .option("--archived", "what was put away")
    .option("--limit <n>", "how many", count, 20)
    .option("--cursor <cursor>", "go on where the last page ended");
}

function page(client: GatewayClient, query: ListOptions & { text?: string }): Promise<Page> {
  return client.call(
    "barnacle.inbox.list",
    Object.fromEntries(Object.entries(query).filter(([, v]) => v !== undefined)),
  );
}

function printPage(session: Session, { messages, nextCursor }: Page): void {
  session.out.list(
    messages,
    [
      { title: "TIME", value: (message) => timestamp(message.at), paint: (text, _m, style) => style.dim(text) },
      { title: "", value: (message) => (message.direction === "in" ? "→" : "←") },
      { title: "FROM", value: (message) => message.sender },
      { title: "ROOM", value: (message) => message.room },
      {
        title: "TEXT",
        value: (message) => message.text,
        paint: (text, message, style) => (message.read ? text : style.bold(text)),
      },
      { title: "ID", value: (message) => message.id, paint: (text, _m, style) => style.dim(text) },
    ],
    "The inbox is empty.",
  );
  if (nextCursor !== undefined && session.out.terminal) session.out.note(`More: --cursor ${nextCursor}`);
}
