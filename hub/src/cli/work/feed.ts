import { setTimeout as sleep } from "node:timers/promises";
import { parseLength } from "@barnacle/protocol/beads/instant";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { Feed, FeedEntry } from "../../feed/feed.ts";
import { example, type Family } from "../session.ts";
import { oneLine, type TableColumn } from "../table.ts";
import { WorkDoor } from "./door.ts";
import { defined, whole } from "./filter-options.ts";

interface FeedFlags {
  readonly follow?: boolean;
  readonly limit?: number;
  readonly type?: string;
  readonly since?: string;
}

const POLL_MS = 1000;

const COLUMNS: readonly TableColumn<FeedEntry>[] = [
  { title: "time", value: ({ at }) => at.slice(0, 19), paint: (text, _entry, style) => style.dim(text) },
  { title: "source", value: ({ source }) => source },
  {
    title: "kind",
    value: ({ kind }) => kind,
    paint: (text, { kind }, style) => (kind === "died" || kind === "stopped" ? style.red(text) : text),
  },
  { title: "id", value: ({ id }) => id },
  { title: "who", value: ({ who }) => who },
  { title: "text", value: ({ text }) => oneLine(text) },
];

/** `barnacle feed`: what happens to beads, convoys, mail, merges and workers, in one stream. */
export const feedFamily: Family = (program, open) => {
  const feed = program
    .command("feed")
    .description("what happens to beads, convoys, mail, merges and workers, in one stream, the oldest first")
    .option("-f, --follow", "go on as it happens; with --json one object per line")
    .option("-n, --limit <n>", "the last so many (default 50)", whole)
    .option("-t, --type <sources>", "beads, convoys, mail, escalations, mergequeue, workers, estop, with commas")
    .option("--since <length>", "nothing older: 30m, 2h, 1d");
  example(feed, "barnacle feed --since 1h", "barnacle feed --follow --type mail,workers").action(
    async (flags: FeedFlags, command: Command) => {
      const session = open(command);
      const { out, io } = session;
      const length = flags.since === undefined ? undefined : parseLength(flags.since);
      if (flags.since !== undefined && length === undefined) {
        throw new BarnacleError("USAGE", `--since: "${flags.since}" is no length of time; expected 30m, 2h, 1d`);
      }
      const sources = flags.type?.split(",");
      const since = length === undefined ? undefined : Date.now() - length;
      const door = new WorkDoor(session);
      const first = await door.read<Feed>("feed.list", defined({ limit: flags.limit, sources, since }));
      if (!flags.follow) {
        out.list(first.entries, COLUMNS, "nothing happened");
        return;
      }
      const show = (entries: readonly FeedEntry[]) => {
        for (const entry of entries) out.line(out.json ? JSON.stringify(entry) : lineFor(entry));
      };
      show(first.entries);
      const ended = new AbortController();
      const forget = io.onStop(() => ended.abort());
      let { cursor } = first;
      try {
        while (!ended.signal.aborted) {
          await sleep(POLL_MS, undefined, { signal: ended.signal }).catch(() => {});
          const more = await door.read<Feed>("feed.list", defined({ after: cursor, limit: 1000, sources }));
          cursor = more.cursor;
          show(more.entries);
        }
      } finally {
        forget();
      }
    },
  );
};

function lineFor({ at, source, kind, id, who, text }: FeedEntry): string {
  return `${at.slice(0, 19)}  ${source.padEnd(11)}  ${kind}  ${id}  ${who}  ${oneLine(text)}`;
}
