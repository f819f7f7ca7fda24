import type { GpioEdge } from "@barnacle/hardware/gpio";
import type { Clock } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { Counters } from "../telemetry/counters.ts";
import { keyOf } from "./states.ts";

const TELL_DROPPED_MS = 1000;

export interface EdgesParts {
  readonly clock: Clock;
  readonly counters: Counters;
  /** Edges of one line that are told in a second; twice as many at once. */
  readonly perS: number;
  readonly tell: (kind: string, data: JsonObject, at: number) => void;
}

interface Line {
  tokens: number;
  filledAt: number;
  told: number;
  dropped: number;
  /** Dropped and not told yet. */
  untold: number;
  latest: GpioEdge;
  cancel: (() => void) | undefined;
}

/**
 * Edges on their way to the hub: one event each, as long as a line has no more than it may. What is beyond that is dropped
 * and counted, and once a second it is told how many there were and where the line stands.
 */
export class Edges {
  readonly #parts: EdgesParts;
  readonly #lines = new Map<string, Line>();

  constructor(parts: EdgesParts) {
    this.#parts = parts;
  }

  report(edge: GpioEdge): void {
    const { clock, counters, perS, tell } = this.#parts;
    const now = clock.monotonic();
    const line = this.#line(edge, now);
    line.latest = edge;
    line.tokens = Math.min(2 * perS, line.tokens + ((now - line.filledAt) / 1000) * perS);
    line.filledAt = now;
    if (edge.lost > 0) counters.add("gpioEdgesLost", edge.lost);
    if (line.tokens < 1) {
      line.dropped += 1;
      line.untold += 1;
      counters.add("gpioEdgesDropped");
      line.cancel ??= clock.after(TELL_DROPPED_MS, () => this.#tellDropped(line));
      return;
    }
    line.tokens -= 1;
    line.told += 1;
    counters.add("gpioEdges");
    const { at, lost, ...rest } = edge;
    tell("gpio.edge", { ...rest, at, ...(lost > 0 ? { lost } : {}) }, at);
  }

  /** Since the start of the node. */
  counts(edgeOf: { readonly line: GpioEdge["line"]; readonly chip?: string }): { told: number; dropped: number } {
    const { told = 0, dropped = 0 } = this.#lines.get(keyOf(edgeOf)) ?? {};
    return { told, dropped };
  }

  stop(): void {
    for (const line of this.#lines.values()) {
      line.cancel?.();
      if (line.untold > 0) this.#tellDropped(line);
    }
    this.#lines.clear();
  }

  #tellDropped(line: Line): void {
    const { latest, untold } = line;
    line.untold = 0;
    line.cancel = undefined;
    const { at, lost, kernelNs, ...rest } = latest;
    this.#parts.tell("gpio.edges.dropped", { ...rest, at, dropped: untold }, at);
  }

  #line(edge: GpioEdge, now: number): Line {
    const key = keyOf(edge);
    const known = this.#lines.get(key);
    if (known) return known;
    const tokens = 2 * this.#parts.perS;
    const made: Line = { tokens, filledAt: now, told: 0, dropped: 0, untold: 0, latest: edge, cancel: undefined };
    this.#lines.set(key, made);
    return made;
  }
}
