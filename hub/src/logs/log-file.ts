import { appendFileSync, closeSync, openSync, readSync, renameSync, statSync } from "node:fs";
import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import { redact } from "../config/index.ts";
import type { LogFile, LogTail } from "../services.ts";

const MOST_BYTES = 4 * 1024 * 1024;
/** A card wears with every write; readers are served from here all the same, because a read writes first. */
const FLUSH_MS = 1000;
const MOST_BUFFERED = 64 * 1024;
const LIMIT = 500;
const READ_BYTES = 250_000;
type Level = "debug" | "info" | "warn" | "error";

export interface RotatedLogFileOptions {
  /** The one before it is kept beside it, as `<file>.1`. */
  readonly file: string;
  readonly clock: Clock;
  readonly maxBytes?: number;
}

/** A log file of bounded size: lines of JSON that the gateway's clients know how to read, never with a secret in them. */
export class RotatedLogFile implements LogFile, Unit {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  #secrets: readonly string[] = [];
  #buffer = "";
  #open = false;
  #cancel: () => void = () => {};

  constructor(options: RotatedLogFileOptions) {
    this.#file = options.file;
    this.#clock = options.clock;
    this.#maxBytes = options.maxBytes ?? MOST_BYTES;
  }

  async start(): Promise<void> {
    this.#open = true;
    this.#cancel = this.#clock.every(FLUSH_MS, () => this.#flush());
  }

  async stop(): Promise<void> {
    this.#cancel();
    this.#flush();
    this.#open = false;
  }

  /** Texts that no line may hold from now on. */
  hide(secrets: readonly string[]): void {
    this.#secrets = [...new Set([...this.#secrets, ...secrets])].filter((text) => text.length >= 4);
  }

  /** A log that writes here and to `log`. */
  beside(log: Log, bindings: object = {}): Log {
    const both = (level: Level) => (fields: object, message: string) => {
      log[level](fields, message);
      this.#add(level, { ...bindings, ...fields }, message);
    };
    return {
      ...{ debug: (fields, message) => log.debug(fields, message), info: both("info") },
      ...{ warn: both("warn"), error: both("error") },
      child: (more) => this.beside(log.child(more), { ...bindings, ...more }),
    };
  }

  tail({ cursor, limit = LIMIT, maxBytes = READ_BYTES }: Parameters<LogFile["tail"]>[0]): LogTail {
    this.#flush();
    const size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    const reset = cursor !== undefined && (cursor > size || size - cursor > maxBytes);
    const begin = cursor === undefined || reset ? Math.max(0, size - maxBytes) : cursor;
    const { lines, end } = this.#read(begin, size, begin !== cursor && begin > 0);
    const shown = lines.slice(-limit);
    const truncated = (begin > 0 && begin !== cursor) || shown.length < lines.length;
    return { file: this.#file, cursor: end, size, lines: shown, truncated, reset };
  }

  /** Whole lines from `begin` on; `partial`: the first one began before. */
  #read(begin: number, size: number, partial: boolean): { lines: string[]; end: number } {
    if (size <= begin) return { lines: [], end: size };
    const bytes = Buffer.alloc(size - begin);
    const handle = openSync(this.#file, "r");
    let got: number;
    try {
      got = readSync(handle, bytes, 0, bytes.length, begin);
    } finally {
      closeSync(handle);
    }
    const last = bytes.lastIndexOf(0x0a, got - 1);
    const text = bytes.toString("utf8", 0, last + 1);
    const lines = text.split("\n").slice(partial ? 1 : 0, -1);
    return { lines, end: begin + last + 1 };
  }

  #add(level: Level, fields: object, message: string): void {
    const date = new Date(this.#clock.now()).toISOString();
    const { subsystem = "hub", ...rest } = redact(fields, "***") as { subsystem?: unknown };
    // The form of OpenClaw's own log, from which its clients take level, subsystem and words.
    const line = JSON.stringify({
      ...{ "0": messageWith(message, rest), ...rest },
      ...{
        _meta: { logLevelName: level.toUpperCase(), date, name: `{"subsystem":"${String(subsystem)}"}` },
        time: date,
      },
    });
    this.#buffer += `${this.#secrets.reduce((text, secret) => text.replaceAll(secret, "***"), line)}\n`;
    if (this.#buffer.length > MOST_BUFFERED) this.#flush();
  }

  #flush(): void {
    if (this.#buffer === "" || !this.#open) return;
    const text = this.#buffer;
    this.#buffer = "";
    try {
      const size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
      if (size > 0 && size + text.length > this.#maxBytes) renameSync(this.#file, `${this.#file}.1`);
      appendFileSync(this.#file, text, { mode: 0o600 });
    } catch {
      // A full disk must not stop the hub, and the log is where one would say so; standard error has the line.
    }
  }
}

function messageWith(message: string, fields: object): string {
  const words = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return [message, ...words].join(" ");
}
