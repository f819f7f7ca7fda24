import type { Store } from "../store/index.ts";

export interface RetainedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
}

/** Retained messages on disk. They are a cache of what registry and config say, so a power cut may take the last one. */
export class RetainedStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  load(): readonly RetainedMessage[] {
    return this.#store.all("SELECT topic, payload, qos FROM retained").map((row) => ({
      topic: String(row.topic),
      payload: Buffer.from(row.payload as Uint8Array),
      qos: row.qos === 0 ? 0 : 1,
    }));
  }

  put(message: RetainedMessage): void {
    this.#store.relaxed(() => {
      this.#store.run(
        "INSERT INTO retained (topic, payload, qos) VALUES (?, ?, ?) " +
          "ON CONFLICT (topic) DO UPDATE SET payload = excluded.payload, qos = excluded.qos",
        message.topic,
        message.payload,
        message.qos,
      );
    });
  }

  delete(topic: string): void {
    this.#store.relaxed(() => this.#store.run("DELETE FROM retained WHERE topic = ?", topic));
  }
}
