import type { Store } from "../store/index.ts";

const KEPT_PER_SESSION = 50;

/** Texts that wait for the next run of a session, oldest first. */
export class SessionNotes {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The same text again, while it still waits, is one. */
  async add(key: string, text: string, at: number): Promise<void> {
    await this.#store.commit(() => {
      if (this.list(key).includes(text)) return;
      this.#store.run("INSERT INTO session_events (session_key, text, at) VALUES (?, ?, ?)", key, text, at);
      this.#store.run(
        `DELETE FROM session_events WHERE session_key = ? AND event_id NOT IN
         (SELECT event_id FROM session_events WHERE session_key = ? ORDER BY event_id DESC LIMIT ?)`,
        key,
        key,
        KEPT_PER_SESSION,
      );
    });
  }

  list(key: string): string[] {
    return this.#store
      .all("SELECT text FROM session_events WHERE session_key = ? ORDER BY event_id", key)
      .map((row) => String(row.text));
  }

  /** Inside a commit: the texts, which are gone with it. */
  take(key: string): string[] {
    const texts = this.list(key);
    if (texts.length > 0) this.#store.run("DELETE FROM session_events WHERE session_key = ?", key);
    return texts;
  }

  groups(): string[] {
    return this.#store.all("SELECT name FROM session_groups ORDER BY position").map((row) => String(row.name));
  }

  async setGroups(names: readonly string[]): Promise<void> {
    await this.#store.commit(() => {
      this.#store.run("DELETE FROM session_groups");
      for (const [position, name] of [...new Set(names)].entries()) {
        this.#store.run("INSERT INTO session_groups (name, position) VALUES (?, ?)", name, position);
      }
    });
  }
}
