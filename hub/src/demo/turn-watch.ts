import type { WakeEvent } from "@barnacle/protocol/mqtt";
import { isObject } from "../cli/gateway/wire.ts";
import type { TurnRecord } from "../services.ts";
import type { JsonLine } from "./child.ts";

/** What the node made of an utterance, as its event line has it. */
export interface Transcript {
  readonly turnId: string;
  readonly outcome: string;
  readonly text: string;
  readonly confidence: number;
  readonly recogniser: string;
  readonly nearest?: string;
}

export interface TurnWatcher {
  wake?(wake: WakeEvent): void;
  transcript?(transcript: Transcript): void;
  /** Every change of the hub's record. */
  turn?(turn: TurnRecord): void;
}

/** Follows the turns of the demo's node from both sides: what the node heard, and what the hub made of it. */
export class TurnWatch {
  readonly #watchers = new Set<TurnWatcher>();
  #firstWake = Promise.withResolvers<WakeEvent>();
  readonly #finished = new Map<string, PromiseWithResolvers<TurnRecord>>();
  readonly #last = new Map<string, TurnRecord>();

  watch(watcher: TurnWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** The first wake phrase that is heard. */
  get firstWake(): Promise<WakeEvent> {
    return this.#firstWake.promise;
  }

  /** The newest record of a turn, if the hub has spoken of it. */
  last(turnId: string): TurnRecord | undefined {
    return this.#last.get(turnId);
  }

  /** Resolves when the turn is answered and its reply spoken, or given up. */
  finished(turnId: string): Promise<TurnRecord> {
    return this.#finishing(turnId).promise;
  }

  /** One event line of the node. */
  nodeEvent(line: JsonLine): void {
    if (line.event === "wake") {
      const wake = line as unknown as WakeEvent;
      this.#firstWake.resolve(wake);
      for (const watcher of this.#watchers) watcher.wake?.(wake);
    } else if (line.event === "transcript") {
      for (const watcher of this.#watchers) watcher.transcript?.(line as unknown as Transcript);
    }
  }

  /** The payload of one `barnacle.turn` event. */
  turnEvent(payload: unknown): void {
    const turn = isObject(payload) && isObject(payload.turn) ? payload.turn : payload;
    if (!isObject(turn) || typeof turn.turnId !== "string") return;
    const record = turn as unknown as TurnRecord;
    this.#last.set(record.turnId, record);
    for (const watcher of this.#watchers) watcher.turn?.(record);
    if (isFinished(record)) this.#finishing(record.turnId).resolve(record);
  }

  #finishing(turnId: string): PromiseWithResolvers<TurnRecord> {
    const known = this.#finished.get(turnId);
    if (known) return known;
    const made = Promise.withResolvers<TurnRecord>();
    this.#finished.set(turnId, made);
    return made;
  }
}

/** Nothing more will come: the spoken report is in, or there was nothing to say. */
export function isFinished(turn: TurnRecord): boolean {
  if (turn.status !== "done" && turn.status !== "failed") return false;
  return turn.source === "text" || turn.replySpoken !== undefined || !turn.reply;
}
