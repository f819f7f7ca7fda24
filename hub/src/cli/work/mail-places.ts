import { parseLength } from "@barnacle/protocol/beads/instant";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { MessageView } from "../../mail/index.ts";
import type { MailChannel, MailGroup, MailQueue } from "../../mail/places.ts";
import { duration } from "../format.ts";
import { example, type Session } from "../session.ts";
import type { TableColumn } from "../table.ts";
import { WorkDoor } from "./door.ts";
import { defined, whole } from "./filter-options.ts";
import { MESSAGES } from "./mail-views.ts";

type Queue = MailQueue & { readonly waiting?: number; readonly claimed?: number };
type Channel = MailChannel & { readonly messages?: number };

const QUEUES: readonly TableColumn<Queue>[] = [
  { title: "name", value: ({ name }) => name },
  { title: "waiting", value: ({ waiting }) => waiting },
  { title: "claimed", value: ({ claimed }) => claimed },
  { title: "state", value: ({ paused }) => (paused ? "paused" : "open") },
  { title: "for", value: ({ workers }) => (workers.length === 0 ? "anybody" : workers.join(" ")) },
  { title: "at a time", value: ({ max_claims }) => (max_claims === 0 ? "any" : max_claims) },
];

const CHANNELS: readonly TableColumn<Channel>[] = [
  { title: "name", value: ({ name }) => name },
  { title: "messages", value: ({ messages }) => messages },
  { title: "keeps", value: keepText },
  { title: "state", value: ({ closed }) => (closed ? "closed" : "open") },
  { title: "followed by", value: ({ subscribers }) => subscribers.join(" ") },
];

const GROUPS: readonly TableColumn<MailGroup>[] = [
  { title: "name", value: ({ name }) => `@${name}` },
  { title: "members", value: ({ members }) => members.join(" ") },
];

/** Queues, channels and groups. */
export function addMailPlaces(parent: Command, open: (command: Command) => Session): void {
  const queue = parent.command("queue").description("queues: each message for whoever takes it first");
  listed<Queue>(queue, open, "mail.queues", QUEUES, "no queues");
  shown(queue, open, "mail.queue", "what waits in a queue and what is claimed");
  const make = queue
    .command("create <name>")
    .alias("set")
    .description("makes a queue, or changes one")
    .option("--workers <patterns>", "who may claim, with commas: garden/polecats/*")
    .option("--max-claims <n>", "of one worker at a time; 0: any number", whole);
  example(make, "barnacle mail queue create builds --workers 'garden/polecats/*' --max-claims 1").action(
    async (name: string, flags: { workers?: string; maxClaims?: number }, command: Command) => {
      const params = defined({ name, workers: flags.workers?.split(","), max_claims: flags.maxClaims });
      await changed<Queue>(open(command), "mail.queueSet", params, QUEUES);
    },
  );
  for (const [verb, paused] of [
    ["pause", true],
    ["resume", false],
  ] as const) {
    example(
      queue.command(`${verb} <name>`).description(paused ? "nobody may claim" : "claims go on"),
      `barnacle mail queue ${verb} builds`,
    ).action(async (name: string, _flags: object, command: Command) => {
      await changed<Queue>(open(command), "mail.queueSet", { name, paused }, QUEUES);
    });
  }
  removed(queue, open, "queue");

  const channel = parent.command("channel").description("channels: said once, read by all who follow");
  listed<Channel>(channel, open, "mail.channels", CHANNELS, "no channels");
  shown(channel, open, "mail.channel", "what a channel has kept, newest first");
  const open_ = channel
    .command("create <name>")
    .alias("set")
    .description("makes a channel, or changes one")
    .option("--keep <n>", "the newest so many; 0: all", whole)
    .option("--keep-for <length>", "for so long: 24h, 7d; 0h: for ever")
    .option("--follow <patterns>", "who follows, with commas")
    .option("--close", "nothing more is said there")
    .option("--reopen", "again");
  example(open_, "barnacle mail channel create news --keep 50 --keep-for 72h --follow 'garden/*,overseer'").action(
    async (
      name: string,
      flags: { keep?: number; keepFor?: string; follow?: string; close?: boolean; reopen?: boolean },
      command: Command,
    ) => {
      const params = defined({
        ...{ name, keep_count: flags.keep, keep_ms: lengthOf(flags.keepFor), follow: flags.follow?.split(",") },
        closed: flags.close ? true : flags.reopen ? false : undefined,
      });
      await changed<Channel>(open(command), "mail.channelSet", params, CHANNELS);
    },
  );
  for (const [verb, member] of [
    ["follow", "follow"],
    ["leave", "leave"],
  ] as const) {
    example(
      channel.command(`${verb} <name> <who...>`).description(`addresses or patterns that ${verb} it`),
      `barnacle mail channel ${verb} news garden/crew/anna`,
    ).action(async (name: string, who: string[], _flags: object, command: Command) => {
      await changed<Channel>(open(command), "mail.channelSet", { name, [member]: who }, CHANNELS);
    });
  }
  removed(channel, open, "channel");

  const group = parent.command("group").description("groups: lists of addresses, with patterns and other groups");
  listed<MailGroup>(group, open, "mail.groups", GROUPS, "no groups of your own; @town, @crew, @polecats, @witnesses");
  example(group.command("show <name>").description("who is in it"), "barnacle mail group show helpers").action(
    async (name: string, _flags: object, command: Command) => {
      const session = open(command);
      const one = await new WorkDoor(session).read<MailGroup>("mail.group", { name: name.replace(/^@/, "") });
      session.out.print(one, () => one.members.join("\n"));
    },
  );
  for (const [verb, member, description] of [
    ["create", "add", "makes a group"],
    ["add", "add", "more members"],
    ["remove", "remove", "fewer members"],
  ] as const) {
    example(
      group.command(`${verb} <name> <who...>`).description(description),
      `barnacle mail group ${verb} helpers '*/witness' garden/crew/anna`,
    ).action(async (name: string, who: string[], _flags: object, command: Command) => {
      const params = { name: name.replace(/^@/, ""), [member]: who };
      await changed<MailGroup>(open(command), "mail.groupSet", params, GROUPS);
    });
  }
  removed(group, open, "group");
}

type Open = (command: Command) => Session;

function listed<T>(
  parent: Command,
  open: Open,
  method: "mail.queues" | "mail.channels" | "mail.groups",
  columns: readonly TableColumn<T>[],
  empty: string,
): void {
  example(parent.command("list").description("all of them"), `barnacle mail ${parent.name()} list`).action(
    async (_flags: object, command: Command) => {
      const session = open(command);
      session.out.list(await new WorkDoor(session).read<T[]>(method), columns, empty);
    },
  );
}

function shown(parent: Command, open: Open, method: "mail.queue" | "mail.channel", description: string): void {
  example(parent.command("show <name>").description(description), `barnacle mail ${parent.name()} show news`).action(
    async (name: string, _flags: object, command: Command) => {
      const session = open(command);
      session.out.list(await new WorkDoor(session).read<MessageView[]>(method, { name }), MESSAGES, "nothing there");
    },
  );
}

function removed(parent: Command, open: Open, what: "queue" | "channel" | "group"): void {
  example(
    parent.command("delete <name>").description(`the ${what} goes; messages stay`),
    `barnacle mail ${what} delete old`,
  ).action(async (name: string, _flags: object, command: Command) => {
    const session = open(command);
    const gone = await new WorkDoor(session).write<{ removed: string }>("mail.remove", { what, name });
    session.out.print(gone, () => `deleted: ${gone.removed}`);
  });
}

async function changed<T>(
  session: Session,
  method: "mail.queueSet" | "mail.channelSet" | "mail.groupSet",
  params: object,
  columns: readonly TableColumn<T>[],
): Promise<void> {
  const made = await new WorkDoor(session).write<T>(method, params);
  const cells = columns.map(({ title, value }) => ({ title, value: value(made) ?? "" }));
  session.out.print(made, () =>
    cells.flatMap(({ title, value }) => (value === "" ? [] : [`${title} ${value}`])).join(", "),
  );
}

function keepText({ keep_count, keep_ms }: MailChannel): string {
  const parts = [keep_count > 0 ? `${keep_count} messages` : "", keep_ms > 0 ? duration(keep_ms) : ""].filter(Boolean);
  return parts.length === 0 ? "all" : parts.join(", ");
}

function lengthOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^0+[a-z]?$/.test(text)) return 0;
  const ms = parseLength(text);
  if (ms !== undefined) return ms;
  throw new BarnacleError("USAGE", `--keep-for: "${text}" is no length of time; expected 24h, 7d`);
}
