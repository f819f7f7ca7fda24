import type { BeadRecord } from "@barnacle/protocol/beads";
import { messageOf } from "@barnacle/protocol/errors";
import type { Sql } from "../beads/index.ts";
import { readFacts } from "./facts.ts";
import { storedMerges } from "./merges.ts";
import type { Merges } from "./ports.ts";
import { type Progress, waitsFor } from "./tracked.ts";
import type { ConvoyWriter } from "./writer.ts";

/** In whose name the town tells of what it did by itself. */
export const SENDER = "hub";

/** The reason with which a convoy is closed that was done. */
export const DONE = "All tracked issues completed";

export interface LandOptions {
  readonly reason: string;
  /** Something was left. */
  readonly forced: boolean;
  readonly progress: Progress;
  readonly notify?: string | undefined;
  /** Gets a nudge besides those who asked for one. */
  readonly nudgeToo?: string | undefined;
}

export interface Evidence {
  readonly id: string;
  readonly status: string;
  readonly close_reason: string;
  readonly closed_at: string;
  /** The commit with which its work was merged. */
  readonly merged?: string;
}

/**
 * Closes a convoy, with everything that has to be said of it in the same transaction: its record, mail to who asked for it,
 * and the nudges that are due. Once for each time that it is closed.
 */
export function land(convoys: ConvoyWriter, convoy: BeadRecord, options: LandOptions): number {
  const { beads, ports } = convoys;
  const { reason, forced, progress, notify, nudgeToo } = options;
  const evidence = evidenceOf(progress);
  convoys.transition(convoy.id, "closed", reason);
  const last = beads.sql.one("SELECT max(number) AS n FROM convoy_landings WHERE convoy = ?", convoy.id);
  const number = Number(last?.n ?? 0) + 1;
  const { facts } = readFacts(convoy.description);
  const { completed, total, failed } = progress;
  const subject = `${forced ? "Convoy closed" : "Convoy landed"}: ${convoy.title}`.slice(0, 500);
  const body = [
    `${convoy.id}: ${completed} of ${total} done${failed > 0 ? `, ${failed} of them failed` : ""}.`,
    ...(forced || reason !== "" ? [`Reason: ${reason}`] : []),
    ...evidence.map(({ id, close_reason }) => `${id}: ${close_reason}`),
  ].join("\n");
  const mailed: string[] = [];
  const problems: string[] = [];
  const staged = convoy.status !== "open";
  const to = staged ? [] : [facts.owner, facts.notify, notify, ...(facts.watchers ?? [])];
  for (const one of new Set(to.filter((name) => name !== undefined))) {
    try {
      const key = `convoy:${convoy.id}:${number}:${one}`;
      ports.post?.(beads, { from: SENDER, to: one, subject, body, type: "notification", key });
      mailed.push(one);
    } catch (error) {
      // A name that cannot be written to must not keep the convoy open.
      problems.push(`${one}: ${messageOf(error)}`);
    }
  }
  const nudged = new Set([...(facts.nudge_watchers ?? []), ...(nudgeToo === undefined ? [] : [nudgeToo])]);
  for (const one of staged ? [] : nudged) {
    beads.sql.run(
      "INSERT INTO convoy_nudges (convoy, recipient, text, at) VALUES (?, ?, ?, ?)",
      ...[convoy.id, one, `${subject} (${convoy.id})`, beads.now],
    );
  }
  beads.sql.run(
    "INSERT INTO convoy_landings (convoy, number, at, who, reason, forced, evidence) VALUES (?, ?, ?, ?, ?, ?, ?)",
    ...[convoy.id, number, beads.now, beads.who, reason, forced ? 1 : 0],
    JSON.stringify({ completed, total, failed, beads: evidence, mailed, ...(problems.length > 0 ? { problems } : {}) }),
  );
  convoys.say(convoy.id, forced ? "closed" : "landed", { completed, total, number });
  return number;
}

/** Everything that keeps a convoy from landing: what is open, what is not merged, what it waits for. */
export function standsAgainst(
  sql: Sql,
  convoy: BeadRecord,
  progress: Progress,
  merges: Merges = storedMerges,
): string[] {
  const waits = waitsFor(sql, convoy.id);
  const unmerged = merges.unmerged(
    sql,
    [...progress.closed, ...progress.open].map((leaf) => leaf.id),
  );
  return [
    ...(progress.complete ? [] : [leftOf(progress)]),
    ...(waits.length > 0 ? [`it waits for ${waits.join(", ")}`] : []),
    ...(unmerged.length > 0
      ? [`not merged: ${unmerged.map(({ bead, request }) => `${bead} (${request})`).join(", ")}`]
      : []),
  ];
}

export function leftOf({ open, unresolved, openConvoys, total }: Progress): string {
  const some = (ids: readonly string[]) => `${ids.slice(0, 5).join(", ")}${ids.length > 5 ? ", …" : ""}`;
  const parts = [
    ...(open.length > 0 ? [`${open.length} of ${total} are open: ${some(open.map(({ id }) => id))}`] : []),
    ...(unresolved.length > 0 ? [`nothing is known of ${some(unresolved)}`] : []),
    ...(openConvoys.length > 0 ? [`inside it is open: ${some(openConvoys)}`] : []),
  ];
  return parts.length > 0 ? parts.join("; ") : "it tracks nothing";
}

function evidenceOf({ closed }: Progress): Evidence[] {
  return closed.flatMap(({ bead }) => {
    if (!bead) return [];
    const { id, status, close_reason = "", closed_at = "" } = bead;
    const merged = /^Merged in (\S+)/.exec(close_reason)?.[1];
    return [{ id, status, close_reason, closed_at, ...(merged === undefined ? {} : { merged }) }];
  });
}
