import type { SQLInputValue } from "node:sqlite";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { InboxQuery } from "../services.ts";

export const DEFAULT_PAGE = 50;
export const LARGEST_PAGE = 500;

/** A query as SQL over `messages`, newest first. Pages are cut by arrival number, so arriving messages never shift one. */
export function querySql(query: InboxQuery): { sql: string; parameters: SQLInputValue[]; limit: number } {
  const where: string[] = [];
  const parameters: SQLInputValue[] = [];
  const and = (condition: string, value: SQLInputValue): void => {
    where.push(condition);
    parameters.push(value);
  };
  if (query.channel !== undefined) and("channel = ?", query.channel);
  if (query.thread !== undefined) and("thread = ?", query.thread);
  if (query.sender !== undefined) and("sender = ?", query.sender);
  if (query.room !== undefined) and("room = ?", query.room);
  if (query.unread !== undefined) and("read = ?", query.unread ? 0 : 1);
  and("archived = ?", query.archived === true ? 1 : 0);
  if (query.cursor !== undefined) and("seq < ?", seqOf(query.cursor));
  const words = query.text === undefined ? "" : matchExpression(query.text);
  if (words !== "") and("seq IN (SELECT rowid FROM messages_text WHERE messages_text MATCH ?)", words);
  else if (query.text !== undefined) where.push("0");
  const limit = Math.min(Math.max(query.limit ?? DEFAULT_PAGE, 1), LARGEST_PAGE);
  // One row more tells whether there is a next page.
  return {
    sql: `SELECT * FROM messages WHERE ${where.join(" AND ")} ORDER BY seq DESC LIMIT ${limit + 1}`,
    parameters,
    limit,
  };
}

/** Where the next page begins. */
export function cursorOf(seq: number): string {
  return `m${seq}`;
}

function seqOf(cursor: string): number {
  const match = /^m(\d{1,15})$/.exec(cursor);
  if (match) return Number(match[1]);
  throw new BarnacleError(
    "INPUT_INVALID",
    `cursor "${cursor}" is none of this inbox's; use nextCursor of the page before`,
  );
}

/** Every word must occur, the last one as a prefix; FTS5's own operators have no meaning in what people type. */
function matchExpression(text: string): string {
  const words = text.match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((word, i) => (i === words.length - 1 ? `"${word}"*` : `"${word}"`)).join(" ");
}
