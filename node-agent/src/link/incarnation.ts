import type { Clock } from "@barnacle/protocol/runtime";
import { Type } from "@sinclair/typebox";
import type { Settings } from "../state/index.ts";

const KEY = "incarnation";
const Stored = Type.Integer({ minimum: 0 });

/**
 * The number of the next connection, on disk before it is used. It grows even when the clock was set back (a board without
 * a battery), and jumps past lost state when the clock is right, so that a re-imaged board is admitted again.
 */
export function nextIncarnation(settings: Settings, clock: Clock): number {
  const next = Math.max((settings.get(KEY, Stored) ?? 0) + 1, Math.floor(clock.now()));
  settings.set(KEY, next);
  return next;
}
