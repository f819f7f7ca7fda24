import { BarnacleError } from "@barnacle/protocol/errors";
import type { Sql, WritableSql } from "../beads/index.ts";
import { matchesAddress } from "./address.ts";
import { mailName } from "./post.ts";

/** Whose messages anybody who is meant may take, one each. */
export interface MailQueue {
  readonly name: string;
  /** Patterns of addresses; empty: anybody. */
  readonly workers: readonly string[];
  /** Of one worker at a time; 0: as many as he takes. */
  readonly max_claims: number;
  readonly paused: boolean;
}

/** Where one speaks to all who follow. */
export interface MailChannel {
  readonly name: string;
  /** The newest so many are kept; 0: all. */
  readonly keep_count: number;
  /** Kept for so long; 0: for ever. */
  readonly keep_ms: number;
  readonly subscribers: readonly string[];
  readonly closed: boolean;
}

export interface MailGroup {
  readonly name: string;
  /** Addresses, patterns of them, and other groups as `@name`. */
  readonly members: readonly string[];
}

/** Groups that are there without being made. */
const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  town: ["*"],
  witnesses: ["*/witness"],
  refineries: ["*/refinery"],
  crew: ["*/crew/*"],
  polecats: ["*/polecats/*"],
};

export function queues(sql: Sql): MailQueue[] {
  return sql.all("SELECT * FROM mail_queues ORDER BY name").map((row) => ({
    ...{ name: String(row.name), workers: JSON.parse(String(row.workers)) },
    ...{ max_claims: Number(row.max_claims), paused: row.paused === 1 },
  }));
}

export function channels(sql: Sql): MailChannel[] {
  return sql.all("SELECT * FROM mail_channels ORDER BY name").map((row) => ({
    ...{ name: String(row.name), keep_count: Number(row.keep_count), keep_ms: Number(row.keep_ms) },
    ...{ subscribers: JSON.parse(String(row.subscribers)), closed: row.closed === 1 },
  }));
}

export function groups(sql: Sql): MailGroup[] {
  const made = sql.all("SELECT name, members FROM mail_groups ORDER BY name");
  return made.map((row) => ({ name: String(row.name), members: JSON.parse(String(row.members)) }));
}

/** @throws NOT_FOUND */
export function queueOf(sql: Sql, name: string): MailQueue {
  return need("queue", name, queues(sql));
}

/** @throws NOT_FOUND */
export function channelOf(sql: Sql, name: string): MailChannel {
  return need("channel", name, channels(sql));
}

/**
 * Everybody in a group, patterns held against `known` addresses.
 * @throws NOT_FOUND when there is no such group
 */
export function membersOf(sql: Sql, name: string, known: readonly string[], within: readonly string[] = []): string[] {
  // A group that names itself, by whatever way, adds nobody twice.
  if (within.includes(name)) return [];
  const rig = /^rig\/(.+)$/.exec(name)?.[1];
  const members =
    rig === undefined ? (BUILT_IN[name] ?? need("group", name, groups(sql)).members) : [`${mailName("rig", rig)}/*`];
  const found = members.flatMap((member) => {
    if (member.startsWith("@")) return membersOf(sql, member.slice(1), known, [...within, name]);
    return member.includes("*") ? known.filter((one) => matchesAddress(member, one)) : [member];
  });
  return [...new Set(found)];
}

export function saveQueue(sql: WritableSql, who: string, at: number, queue: MailQueue): void {
  sql.run(
    `INSERT INTO mail_queues (name, workers, max_claims, paused, made_by, made_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET workers = excluded.workers, max_claims = excluded.max_claims, paused = excluded.paused`,
    ...[queue.name, JSON.stringify(queue.workers), queue.max_claims, queue.paused ? 1 : 0, who, at],
  );
}

export function saveChannel(sql: WritableSql, who: string, at: number, channel: MailChannel): void {
  const { name, keep_count, keep_ms, subscribers, closed } = channel;
  sql.run(
    `INSERT INTO mail_channels (name, keep_count, keep_ms, subscribers, closed, made_by, made_at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET keep_count = excluded.keep_count, keep_ms = excluded.keep_ms,
       subscribers = excluded.subscribers, closed = excluded.closed`,
    ...[name, keep_count, keep_ms, JSON.stringify(subscribers), closed ? 1 : 0, who, at],
  );
}

export function saveGroup(sql: WritableSql, who: string, at: number, { name, members }: MailGroup): void {
  sql.run(
    `INSERT INTO mail_groups (name, members, made_by, made_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET members = excluded.members`,
    ...[name, JSON.stringify(members), who, at],
  );
}

export function removePlace(sql: WritableSql, what: "queue" | "channel" | "group", name: string): boolean {
  return sql.run(`DELETE FROM mail_${what}s WHERE name = ?`, name) > 0;
}

function need<T extends { readonly name: string }>(what: string, name: string, all: readonly T[]): T {
  const found = all.find((one) => one.name === name);
  if (found) return found;
  throw new BarnacleError("NOT_FOUND", `there is no ${what} ${name.slice(0, 60)}`, {
    hint: `Make it: barnacle mail ${what} create ${name.slice(0, 60)}; barnacle mail ${what} list shows what there is.`,
  });
}
