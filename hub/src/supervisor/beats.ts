import type { Sql, WritableSql } from "../beads/index.ts";

export interface BeatStep {
  readonly step: string;
  readonly ok: boolean;
  /** What was found or done: beads, roles, places. */
  readonly did: readonly string[];
  readonly problem?: string;
}

export interface Beat {
  /** ms since 1970. */
  readonly at: number;
  /** How many there were. */
  readonly beats: number;
  readonly steps: readonly BeatStep[];
}

export function lastBeat(sql: Sql): Beat | undefined {
  const row = sql.one("SELECT at, beats, body FROM supervisor_beats WHERE one = 1");
  return row && { at: Number(row.at), beats: Number(row.beats), steps: JSON.parse(String(row.body)) };
}

export function keepBeat(sql: WritableSql, at: number, steps: readonly BeatStep[]): Beat {
  sql.run(
    `INSERT INTO supervisor_beats (one, at, beats, body) VALUES (1, ?, 1, ?)
     ON CONFLICT (one) DO UPDATE SET at = excluded.at, beats = beats + 1, body = excluded.body`,
    ...[at, JSON.stringify(steps)],
  );
  return lastBeat(sql) as Beat;
}
