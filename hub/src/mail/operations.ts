import { BarnacleError } from "@barnacle/protocol/errors";
import { matchOf } from "../beads/filter.ts";
import type { TownCall, TownReading } from "../town/index.ts";
import { addressOf } from "./address.ts";
import type { Letter } from "./mail.ts";
import {
  channelOf,
  channels,
  groups,
  membersOf,
  queueOf,
  queues,
  removePlace,
  saveChannel,
  saveGroup,
  saveQueue,
} from "./places.ts";
import { mailName } from "./post.ts";
import { beadOf, channelMessages, check, type InboxQuery, inbox, messageOf, thread, viewFor } from "./reads.ts";
import { messageView } from "./view.ts";

interface Named {
  readonly name: string;
}

interface Ids {
  readonly ids: readonly string[];
  readonly identity?: string;
}

const SHOWN = 50;

export const READS = {
  inbox: (reading: TownReading, query: InboxQuery) => inbox(reading, query),
  check: (reading: TownReading, { identity }: { readonly identity: string }) => check(reading, identity),
  /** Without a trace. */
  show: (reading: TownReading, { id, identity }: { readonly id: string; readonly identity?: string }) => {
    const bead = messageOf(reading, id);
    return identity === undefined ? messageView(bead) : viewFor(reading.sql, bead, addressOf(identity));
  },
  thread: (reading: TownReading, { id }: { readonly id: string }) => thread(reading, id),
  /** Full text; `identity`: only what is from or for him. Newest first. */
  search: (
    { sql }: TownReading,
    { text, from, identity, limit = SHOWN }: { text: string; from?: string; identity?: string; limit?: number },
  ) => {
    const rows = sql.all(
      `SELECT b.line FROM bead_text f CROSS JOIN beads b ON b.seq = f.rowid
       WHERE bead_text MATCH ? AND b.issue_type = 'message' AND b.status <> 'tombstone'
       ORDER BY b.created_at DESC, b.created_sub DESC, b.seq DESC`,
      matchOf(text),
    );
    const [sender, who] = [from, identity].map((one) => (one === undefined ? undefined : addressOf(one)));
    const found = rows
      .map((row) => messageView(beadOf(row)))
      .filter((view) => {
        if (sender !== undefined && view.from !== sender) return false;
        return (
          who === undefined || view.from === who || view.to === who || view.claimed_by === who || view.cc.includes(who)
        );
      });
    return limit === 0 ? found : found.slice(0, limit);
  },
  queues: ({ sql }: TownReading, _: object) =>
    queues(sql).map((queue) => {
      const row = sql.one(
        `SELECT sum(b.assignee IS NULL) AS waiting, sum(b.assignee IS NOT NULL) AS claimed FROM bead_labels l JOIN beads b ON b.id = l.id
         WHERE l.label = ? AND b.issue_type = 'message' AND b.status = 'open'`,
        `queue:${queue.name}`,
      );
      return { ...queue, waiting: Number(row?.waiting ?? 0), claimed: Number(row?.claimed ?? 0) };
    }),
  queue: ({ sql }: TownReading, { name }: Named) => {
    queueOf(sql, name);
    const rows = sql.all(
      `SELECT b.line FROM bead_labels l JOIN beads b ON b.id = l.id
       WHERE l.label = ? AND b.issue_type = 'message' AND b.status = 'open' ORDER BY b.priority, b.created_at, b.created_sub, b.seq`,
      `queue:${name}`,
    );
    return rows.map((row) => messageView(beadOf(row)));
  },
  channels: ({ sql }: TownReading, _: object) =>
    channels(sql).map((channel) => {
      const row = sql.one(
        "SELECT count(*) AS n FROM bead_labels l JOIN beads b ON b.id = l.id WHERE l.label = ? AND b.status <> 'tombstone'",
        `channel:${channel.name}`,
      );
      return { ...channel, messages: Number(row?.n) };
    }),
  channel: (reading: TownReading, { name, limit }: Named & { readonly limit?: number }) => {
    channelOf(reading.sql, name);
    return channelMessages(reading, name, limit);
  },
  groups: ({ sql }: TownReading, _: object) => groups(sql),
  group: ({ sql }: TownReading, { name }: Named) => {
    const found = groups(sql).find((one) => one.name === name);
    return found ?? { name, members: membersOf(sql, name, []) };
  },
};

/** Queues, channels and groups are changed by whoever may write. All of it works beside a stopped hub. */
export const WRITES = {
  send: {
    alone: true,
    run: ({ town, who, principal }: TownCall, letter: Omit<Letter, "from"> & { readonly from?: string }) =>
      // An agent writes in its own name.
      town.mail.send(who, { ...letter, from: principal?.kind === "agent" ? who : (letter.from ?? who) }),
  },
  reply: {
    alone: true,
    run: (
      { town, who, principal }: TownCall,
      { id, ...answer }: { readonly id: string; readonly from?: string; readonly body?: string },
    ) => town.mail.reply(who, id, { ...answer, body: answer.body, from: nameOf(who, principal, answer.from) }),
  },
  read: {
    alone: true,
    run: ({ town, who, principal }: TownCall, { id, identity }: { readonly id: string; readonly identity?: string }) =>
      town.mail.read(nameOf(who, principal, identity), id),
  },
  ack: {
    alone: true,
    run: ({ town, who, principal }: TownCall, { ids, identity }: Ids) =>
      town.mail.acknowledge(nameOf(who, principal, identity), ids),
  },
  archive: {
    alone: true,
    run: ({ town, who, principal }: TownCall, { ids, identity }: Ids) =>
      town.mail.archive(nameOf(who, principal, identity), ids),
  },
  claim: {
    alone: true,
    run: (
      { town, who, principal }: TownCall,
      { queue, id, identity }: { queue?: string; id?: string; identity?: string },
    ) => {
      if ((queue === undefined) === (id === undefined)) {
        throw new BarnacleError("INPUT_INVALID", "expected either a queue or the id of a message");
      }
      return town.mail.claim(nameOf(who, principal, identity), queue === undefined ? { id: id as string } : { queue });
    },
  },
  release: {
    alone: true,
    run: ({ town, who, principal }: TownCall, { id, identity }: { readonly id: string; readonly identity?: string }) =>
      town.mail.release(nameOf(who, principal, identity), id),
  },
  /** Makes a queue or changes what is named. */
  queueSet: {
    alone: true,
    run: ({ town, who }: TownCall, given: Named & { workers?: string[]; max_claims?: number; paused?: boolean }) =>
      town.mail.change(who, "queue", given.name, ({ sql, now }) => {
        const known = queues(sql).find(({ name }) => name === given.name);
        const queue = {
          workers: [],
          max_claims: 0,
          paused: false,
          ...known,
          ...given,
          name: mailName("queue", given.name),
        };
        saveQueue(sql, who, now, queue);
        return queue;
      }),
  },
  channelSet: {
    alone: true,
    run: (
      { town, who }: TownCall,
      {
        follow = [],
        leave = [],
        ...given
      }: Named & { keep_count?: number; keep_ms?: number; closed?: boolean; follow?: string[]; leave?: string[] },
    ) =>
      town.mail.change(who, "channel", given.name, ({ sql, now }) => {
        const known = channels(sql).find(({ name }) => name === given.name);
        const before = { keep_count: 0, keep_ms: 0, subscribers: [] as readonly string[], closed: false, ...known };
        const subscribers = [...new Set([...before.subscribers, ...follow.map(member)])].filter(
          (one) => !leave.map(member).includes(one),
        );
        const channel = { ...before, ...given, subscribers, name: mailName("channel", given.name) };
        saveChannel(sql, who, now, channel);
        return channel;
      }),
  },
  groupSet: {
    alone: true,
    run: ({ town, who }: TownCall, { name, add = [], remove = [] }: Named & { add?: string[]; remove?: string[] }) =>
      town.mail.change(who, "group", name, ({ sql, now }) => {
        const before = groups(sql).find((one) => one.name === name)?.members ?? [];
        const members = [...new Set([...before, ...add.map(member)])].filter(
          (one) => !remove.map(member).includes(one),
        );
        const group = { name: mailName("group", name), members };
        saveGroup(sql, who, now, group);
        return group;
      }),
  },
  remove: {
    alone: true,
    run: ({ town, who }: TownCall, { what, name }: Named & { readonly what: "queue" | "channel" | "group" }) =>
      town.mail.change(who, `${what} removed`, name, ({ sql }) => {
        if (removePlace(sql, what, name)) return { removed: name };
        throw new BarnacleError("NOT_FOUND", `there is no ${what} ${name}`);
      }),
  },
};

/** An agent acts for itself; whoever else may write, for anybody. */
function nameOf(who: string, principal: TownCall["principal"], given: string | undefined): string {
  return principal?.kind === "agent" ? who : (given ?? who);
}

/** Another group, a pattern, or an address in its one spelling. */
function member(text: string): string {
  return text.startsWith("@") || text.includes("*") ? text.trim() : addressOf(text);
}
