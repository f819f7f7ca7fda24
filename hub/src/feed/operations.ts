import type { TownReading } from "../town/index.ts";
import { type FeedQuery, feed } from "./feed.ts";

export const READS = {
  list: ({ sql }: TownReading, query: FeedQuery) => feed(sql, query),
};

export const WRITES = {};
