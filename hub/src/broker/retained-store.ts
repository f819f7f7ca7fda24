import { messageOf } from "@barnacle/protocol/errors";
import type { Clock, Log } from "@barnacle/protocol/runtime";
import type { Store } from "../store/index.ts";

export interface RetainedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
}

/** What nodes say of themselves comes in crowds; one transaction for each would cost more than all else. */
const GATHER_MS = 250;

/**
 * Retained messages on disk, a quarter of a second behind. They are a cache of what the registry says, so whatever ends
 * the hub may take the last ones.
 */
export class RetainedStore {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Map<string, RetainedMessage | undefined>();
  #cancel: (() => void) | undefined;

  constructor(options: { store: Store; clock: Clock; log: Log }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  topics(): readonly string[] {
    return this.#store.all("SELECT topic FROM retained").map((row) => String(row.topic));
  }

  read(topic: string): RetainedMessage | undefined {
    if (this.#waiting.has(topic)) return this.#waiting.get(topic);
    const row = this.#store.one("SELECT payload, qos FROM retained WHERE topic = ?", topic);
    return row && { topic, payload: Buffer.from(row.payload as Uint8Array), qos: row.qos === 0 ? 0 : 1 };
  }

  put(message: RetainedMessage): void {
    this.#later(message.topic, message);
  }

  delete(topic: string): void {
    this.#later(topic, undefined);
  }

  /** Writes what waits; when that fails it is kept for the next time. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#waiting.size === 0) return;
    try {
      this.#store.relaxed(() => {
        for (const [topic, message] of this.#waiting) this.#write(topic, message);
      });
      this.#waiting.clear();
    } catch (error) {
      this.#log.warn({ problem: messageOf(error) }, "retained messages could not be saved; they are kept in memory");
    }
  }

  #later(topic: string, message: RetainedMessage | undefined): void {
    this.#waiting.set(topic, message);
    this.#cancel ??= this.#clock.after(GATHER_MS, () => this.flush());
  }

  #write(topic: string, message: RetainedMessage | undefined): void {
    if (message === undefined) {
      this.#store.run("DELETE FROM retained WHERE topic = ?", topic);
      return;
    }
    this.#store.run(
      "INSERT INTO retained (topic, payload, qos) VALUES (?, ?, ?) " +
        "ON CONFLICT (topic) DO UPDATE SET payload = excluded.payload, qos = excluded.qos",
      topic,
      message.payload,
      message.qos,
    );
  }
}
