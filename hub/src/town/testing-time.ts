import { setImmediate as turn } from "node:timers/promises";
import type { FakeClock } from "@barnacle/protocol/runtime";

const SLICES = 8;
const TURNS = 8;

/** Lets `ms` pass on a fake clock, with what is written meanwhile reaching the store: commits need turns of the event loop. */
export async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let i = 0; i < SLICES; i++) {
    for (let n = 0; n < TURNS; n++) await turn();
    await clock.advance(ms / SLICES);
  }
  for (let n = 0; n < TURNS; n++) await turn();
}
