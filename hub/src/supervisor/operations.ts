import type { Operations, TownCall, TownReading } from "../town/operations.ts";
import { type Beat, type BeatStep, lastBeat } from "./beats.ts";

export interface SupervisorStatus {
  readonly last_beat_at: string | null;
  readonly beats: number;
  readonly steps: readonly BeatStep[];
}

function viewOf(beat: Beat | undefined): SupervisorStatus {
  return {
    last_beat_at: beat === undefined ? null : new Date(beat.at).toISOString(),
    beats: beat?.beats ?? 0,
    steps: beat?.steps ?? [],
  };
}

export const READS = {
  status: ({ sql }: TownReading): SupervisorStatus => viewOf(lastBeat(sql)),
} satisfies Operations["READS"];

export const WRITES = {
  beat: { alone: false, run: async ({ town }: TownCall) => viewOf(await town.supervisor.beat()) },
} satisfies Operations["WRITES"];
