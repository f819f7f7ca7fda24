import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { messageOf } from "@barnacle/protocol/errors";
import type { Log, Unit } from "@barnacle/protocol/runtime";
import { EventLog } from "./events.ts";
import type { Sql } from "./sql.ts";

const NEWLINE = 10;
const WINDOW = 64 * 1024;
const PAGE = 500;
/** A full file is put aside under the number of its last event; so many are left there, the oldest go. The table has all. */
const FULL_BYTES = 64 * 1024 * 1024;
const ASIDE = 4;

/**
 * The events of beads as a file that is only ever appended to, one JSON object per line, for who follows or keeps it. The
 * table is the truth: what the file lacks after a crash is appended at the next start, a line that was torn is cut off first.
 */
export class JournalFile implements Unit {
  readonly #file: string;
  readonly #events: EventLog;
  readonly #log: Log;
  readonly #fullBytes: number;
  #handle: number | undefined;
  #last = 0;

  constructor(options: {
    readonly file: string;
    readonly sql: Sql;
    readonly log: Log;
    readonly fullBytes?: number | undefined;
  }) {
    const { file, sql, log, fullBytes = FULL_BYTES } = options;
    this.#file = file;
    this.#fullBytes = fullBytes;
    this.#events = new EventLog(sql);
    this.#log = log;
  }

  async start(): Promise<void> {
    try {
      this.#handle = this.#open();
      this.#last = this.#recover(this.#handle) || (this.#aside().at(-1) ?? 0);
    } catch (error) {
      this.#log.warn({ file: this.#file, error: messageOf(error) }, "the journal of beads cannot be written");
    }
    this.append();
  }

  async stop(): Promise<void> {
    if (this.#handle !== undefined) closeSync(this.#handle);
    this.#handle = undefined;
  }

  /** Writes what is in the table and not yet in the file. A file that cannot be written holds nothing up. */
  append(): void {
    if (this.#handle === undefined) return;
    try {
      for (;;) {
        const page = this.#events.lines(this.#last, PAGE);
        if (!page) return;
        const bytes = Buffer.from(page.text);
        const end = fstatSync(this.#handle).size;
        for (let at = 0; at < bytes.length; ) at += writeSync(this.#handle, bytes, at, bytes.length - at, end + at);
        this.#last = page.last;
        if (end + bytes.length >= this.#fullBytes) this.#turn(this.#handle);
      }
    } catch (error) {
      this.#log.warn({ file: this.#file, error: messageOf(error) }, "the journal of beads cannot be written");
    }
  }

  #open(): number {
    return openSync(this.#file, existsSync(this.#file) ? "r+" : "w+", 0o600);
  }

  /** Goes on in a new file. Who follows this one by its name sees it end and the new one begin. */
  #turn(full: number): void {
    closeSync(full);
    this.#handle = undefined;
    renameSync(this.#file, this.#asideName(this.#last));
    for (const seq of this.#aside().slice(0, -ASIDE)) rmSync(this.#asideName(seq), { force: true });
    this.#handle = this.#open();
  }

  #asideName(seq: number): string {
    const { dir, name, ext } = path.parse(this.#file);
    return path.join(dir, `${name}.${seq}${ext}`);
  }

  /** Numbers of the last events of files put aside, in order. */
  #aside(): number[] {
    const { dir, name, ext } = path.parse(this.#file);
    return readdirSync(dir)
      .filter((one) => one.startsWith(`${name}.`) && one.endsWith(ext))
      .map((one) => Number(one.slice(name.length + 1, -ext.length)))
      .filter((seq) => Number.isSafeInteger(seq) && seq > 0)
      .sort((a, b) => a - b);
  }

  /** Cuts off a torn line. @returns the number of the last whole one */
  #recover(handle: number): number {
    let end = fstatSync(handle).size;
    for (;;) {
      const wholeEnd = lastNewline(handle, end) + 1;
      if (wholeEnd < fstatSync(handle).size) ftruncateSync(handle, wholeEnd);
      if (wholeEnd === 0) return 0;
      const begin = lastNewline(handle, wholeEnd - 1) + 1;
      const seq = seqOf(read(handle, begin, wholeEnd - 1));
      if (seq !== undefined) return seq;
      // Damaged beyond its tail: what is unreadable goes, the table still has it.
      end = begin;
      ftruncateSync(handle, begin);
    }
  }
}

function seqOf(text: Buffer): number | undefined {
  try {
    const { seq } = JSON.parse(text.toString("utf8"));
    return Number.isSafeInteger(seq) ? seq : undefined;
  } catch {
    return undefined;
  }
}

/** Where the last line end before `end` stands, -1 when there is none. */
function lastNewline(handle: number, end: number): number {
  for (let to = end; to > 0; to -= WINDOW) {
    const from = Math.max(0, to - WINDOW);
    const at = read(handle, from, to).lastIndexOf(NEWLINE);
    if (at >= 0) return from + at;
  }
  return -1;
}

function read(handle: number, from: number, to: number): Buffer {
  const buffer = Buffer.alloc(to - from);
  readSync(handle, buffer, 0, buffer.length, from);
  return buffer;
}
