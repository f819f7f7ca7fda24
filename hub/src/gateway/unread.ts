import type { Socket } from "node:net";
import type { WebSocket } from "ws";

/** A client that has left this much unread is not listened to until it has read. */
const UNREAD_BYTES = 4 * 1024 * 1024;
/** Above this it is closed: what it asked for at once would cost the hub memory without end. */
export const MAX_UNREAD_BYTES = 32 * 1024 * 1024;

/**
 * Keeps the answers of a client that does not read them within bounds. From the first time on that it was slow, its
 * requests are taken one per turn of the event loop, so that each answer is counted before the next request is begun.
 */
export class Unread {
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #begin: (text: string) => void;
  readonly #waiting: string[] = [];
  #wary = false;
  #held = false;
  #ended = false;

  constructor({ ws, socket }: { ws: WebSocket; socket: Socket }, begin: (text: string) => void) {
    this.#ws = ws;
    this.#socket = socket;
    this.#begin = begin;
  }

  /** It has too much to read yet. */
  get held(): boolean {
    return this.#held;
  }

  /** To be called after each sending. */
  sent(): void {
    if (this.#held || this.#ended || this.#ws.bufferedAmount <= UNREAD_BYTES) return;
    this.#wary = true;
    this.#held = true;
    this.#ws.pause();
    // A socket that is this full tells when it is empty.
    this.#socket.once("drain", this.#drained);
  }

  take(text: string): void {
    if (!this.#wary) {
      this.#begin(text);
      return;
    }
    this.#waiting.push(text);
    if (this.#waiting.length > 1) return;
    this.#ws.pause();
    setImmediate(this.#next);
  }

  /** The connection closes: what waits is not begun any more, and its last words are read. */
  end(): void {
    this.#ended = true;
    this.#waiting.length = 0;
    this.#socket.off("drain", this.#drained);
    if (this.#wary) this.#ws.resume();
  }

  readonly #drained = (): void => {
    this.#held = false;
    this.#next();
  };

  readonly #next = (): void => {
    if (this.#held || this.#ended) return;
    const text = this.#waiting.shift();
    if (text !== undefined) this.#begin(text);
    if (this.#waiting.length > 0) setImmediate(this.#next);
    else if (!this.#held) this.#ws.resume();
  };
}
