import { EVERYWHERE, RoleWishes } from "../supervisor/wishes.ts";
import type { Operations, TownCall, TownReading } from "../town/operations.ts";
import { type Report, WitnessMemory } from "./memory.ts";

export interface WitnessStatus {
  readonly rig: string;
  readonly state: "running" | "stopped";
  readonly stopped_by?: string;
  /** What is wrong now. */
  readonly troubles: readonly Trouble[];
  readonly last_report: (Omit<Report, "at"> & { readonly at: string }) | null;
}

export interface Trouble {
  readonly cause: string;
  readonly kind: string;
  readonly agent?: string;
  readonly bead?: string;
  readonly text: string;
  /** What is being done about it: nudge, restart, reassign or escalate. */
  readonly step: number;
  readonly since: string;
  readonly alerts: number;
}

export interface AlertView {
  readonly rig: string;
  readonly cause: string;
  readonly kind: string;
  readonly agent?: string;
  readonly bead?: string;
  readonly text: string;
  readonly at: string;
}

function time(at: number): string {
  return new Date(at).toISOString();
}

function statusOf({ sql }: TownReading, rig: string): WitnessStatus {
  const wish = new RoleWishes(sql).find("witness", rig);
  const memory = new WitnessMemory(sql);
  const report = memory.report(rig);
  return {
    rig,
    state: wish?.wanted === "stopped" ? "stopped" : "running",
    ...(wish?.wanted === "stopped" ? { stopped_by: wish.who } : {}),
    troubles: memory
      .present()
      .filter((one) => one.rig === rig)
      .map(({ cause, kind, agent, bead, text, step, firstAt, alerts }) => ({
        ...{ cause, kind, text, step, since: time(firstAt), alerts },
        ...(agent === undefined ? {} : { agent }),
        ...(bead === undefined ? {} : { bead }),
      })),
    last_report: report === undefined ? null : { ...report, at: time(report.at) },
  };
}

function rigsIn({ sql }: TownReading): string[] {
  const known = sql.one("SELECT 1 AS found FROM sqlite_master WHERE name = 'rigs'");
  return known ? sql.all("SELECT name FROM rigs ORDER BY name").map((row) => String(row.name)) : [];
}

export const READS = {
  status: (reading: TownReading, { rig }: { readonly rig?: string }): WitnessStatus[] =>
    (rig === undefined ? rigsIn(reading) : [rig]).map((name) => statusOf(reading, name)),
  alerts: (
    { sql }: TownReading,
    { rig, limit = 50 }: { readonly rig?: string; readonly limit?: number },
  ): AlertView[] =>
    new WitnessMemory(sql).alerts(limit, rig).map(({ seq: _, at, ...alert }) => ({ ...alert, at: time(at) })),
} satisfies Operations["READS"];

interface Where {
  readonly rig?: string;
}

const want =
  (wanted: "running" | "stopped") =>
  async (call: TownCall, { rig }: Where) => {
    await call.town.witness.want(call.who, rig ?? EVERYWHERE, wanted);
    return READS.status(call.town.reading(), rig === undefined ? {} : { rig });
  };

export const WRITES = {
  start: { alone: true, run: want("running") },
  stop: { alone: true, run: want("stopped") },
  patrol: {
    alone: false,
    run: async (call: TownCall, { rig }: Where) => {
      await call.town.witness.patrol();
      return READS.status(call.town.reading(), rig === undefined ? {} : { rig });
    },
  },
} satisfies Operations["WRITES"];
