import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { Handled, MessageView } from "../../mail/index.ts";
import { MAIL_PRIORITIES } from "../../mail/words.ts";
import { example, type Session } from "../session.ts";
import { WorkDoor } from "./door.ts";
import { collect, defined } from "./filter-options.ts";
import { identityOf, lineOf, messageText } from "./mail-views.ts";
import { fileText } from "./values.ts";

interface LetterFlags {
  readonly subject?: string;
  readonly message?: string;
  readonly stdin?: boolean;
  readonly type?: string;
  readonly priority?: string;
  readonly urgent?: boolean;
  readonly cc?: readonly string[];
  readonly to?: string;
  readonly from?: string;
  readonly self?: boolean;
  readonly replyTo?: string;
  readonly notify?: boolean;
  readonly pinned?: boolean;
  readonly permanent?: boolean;
  readonly key?: string;
}

function letterOptions(command: Command): Command {
  return command
    .option("-s, --subject <text>", "what it is about")
    .option("-m, --message <text>", "what it says")
    .option("--stdin", "what it says is piped in")
    .option("--type <type>", "task, escalation, scavenge, notification, reply")
    .option("-p, --priority <n>", "urgent, high, normal, low, or 0 to 4")
    .option("--urgent", "the same as --priority urgent: a running agent is told at once")
    .option("--cc <who>", "a copy, repeatable", collect)
    .option("--from <who>", "in this name (default BARNACLE_ACTOR, else overseer)")
    .option("--no-notify", "a running agent is not told")
    .option("--pinned", "stays at hand, and is kept")
    .option("--permanent", "kept when it was archived; others are forgotten after a week")
    .option("--key <key>", "sent again with the same key, it is the same message");
}

export function addMailWrites(parent: Command, open: (command: Command) => Session): void {
  const send = letterOptions(
    parent.command("send [to]").description("to an agent, a person, @group, queue:<name> or channel:<name>"),
  )
    .option("--to <who>", "the same as the first word")
    .option("--self", "to oneself: notes for later")
    .option("--reply-to <id>", "answers this message, in its thread");
  example(
    send,
    'barnacle mail send garden/polecats/toast -s "Fix the gate" -m "It squeaks."',
    'barnacle mail send @witnesses -s "Restart at noon" --urgent',
    "git diff | barnacle mail send mayor -s Review --stdin",
  ).action(async (to: string | undefined, flags: LetterFlags, command: Command) => {
    const session = open(command);
    const from = identityOf(session, flags.from);
    const place = to ?? flags.to ?? (flags.self ? from : undefined);
    if (place === undefined) throw new BarnacleError("USAGE", "expected an address, --to or --self");
    if (flags.subject === undefined) throw new BarnacleError("USAGE", "expected --subject");
    const params = { to: place, ...letterOf(flags), from, ...defined({ replyTo: flags.replyTo }) };
    const sent = await new WorkDoor(session).write<MessageView[]>("mail.send", params, from);
    session.out.print(sent, () => sent.map((one) => `${one.id}  to ${placeText(one)}: ${one.subject}`).join("\n"));
  });

  example(
    letterOptions(parent.command("reply <id>").description("to who sent it; the message counts as acknowledged then")),
    'barnacle mail reply hq-1a2 -m "It is oiled."',
  ).action(async (id: string, flags: LetterFlags, command: Command) => {
    const session = open(command);
    const from = identityOf(session, flags.from);
    const sent = await new WorkDoor(session).write<MessageView>("mail.reply", { id, ...letterOf(flags), from }, from);
    session.out.print(sent, () => `${sent.id}  to ${placeText(sent)}: ${sent.subject}`);
  });

  for (const [name, alias, method, description] of [
    ["mark-read", "ack", "mail.ack", "you are done with them; the second step after reading"],
    ["archive", "done", "mail.archive", "done, and out of the inbox"],
  ] as const) {
    example(
      parent
        .command(`${name} <id...>`)
        .alias(alias)
        .description(description)
        .option("--identity <who>", "whose (default BARNACLE_ACTOR, else overseer)"),
      `barnacle mail ${name} hq-1a2 hq-3b4`,
    ).action(async (ids: string[], flags: { identity?: string }, command: Command) => {
      const session = open(command);
      const identity = identityOf(session, flags.identity);
      const handled = await new WorkDoor(session).write<Handled[]>(method, { ids, identity }, identity);
      session.out.print(handled, () => handled.map(handledText).join("\n"));
    });
  }

  example(
    parent
      .command("claim [queue]")
      .description("takes one message of a queue; of many at once one gets it")
      .option("--id <id>", "this one")
      .option("--identity <who>", "for whom"),
    "barnacle mail claim builds",
  ).action(async (queue: string | undefined, flags: { id?: string; identity?: string }, command: Command) => {
    const session = open(command);
    if ((queue === undefined) === (flags.id === undefined))
      throw new BarnacleError("USAGE", "expected a queue, or --id");
    const identity = identityOf(session, flags.identity);
    const params = defined({ queue, id: flags.id, identity });
    const taken = await new WorkDoor(session).write<MessageView | null>("mail.claim", params, identity);
    session.out.print(taken, (style) => (taken === null ? "nothing waits there" : messageText(taken, style)));
    if (taken === null) session.fail();
  });
  example(
    parent.command("release <id>").description("gives a claimed message back").option("--identity <who>", "whose"),
    "barnacle mail release hq-1a2",
  ).action(async (id: string, flags: { identity?: string }, command: Command) => {
    const session = open(command);
    const identity = identityOf(session, flags.identity);
    const given = await new WorkDoor(session).write<MessageView>("mail.release", { id, identity }, identity);
    session.out.print(given, () => lineOf(given));
  });
}

function letterOf(flags: LetterFlags): Record<string, unknown> {
  const { subject, type, pinned, permanent, key, cc } = flags;
  const body = flags.stdin ? fileText("-") : flags.message;
  return defined({
    ...{ subject, body, type, pinned, permanent, key },
    cc: cc?.flatMap((one) => one.split(",")),
    priority: flags.urgent ? "urgent" : priorityOf(flags.priority),
    notify: flags.notify === false ? false : undefined,
  });
}

/** Words, or the numbers that beads have. */
function priorityOf(given: string | undefined): string | undefined {
  const match = given === undefined ? undefined : /^p?([0-4])$/i.exec(given);
  return match ? MAIL_PRIORITIES[Math.min(Number(match[1]), MAIL_PRIORITIES.length - 1)] : given;
}

function placeText({ to, queue, channel }: MessageView): string {
  return to ?? (queue === undefined ? `channel:${channel}` : `queue:${queue}`);
}

function handledText({ id, acknowledged, by, at }: Handled): string {
  return acknowledged === "now" ? `${id}  done` : `${id}  was done already, by ${by} at ${at}`;
}
