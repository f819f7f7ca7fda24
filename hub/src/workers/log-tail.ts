import {
  closeSync,
  copyFileSync,
  existsSync,
  type FSWatcher,
  fstatSync,
  openSync,
  readSync,
  truncateSync,
  watch,
} from "node:fs";

const CHUNK = 64 * 1024;
/** A line without an end is told in pieces of this size, so that it does not grow for ever. */
const LONGEST_LINE = 256 * 1024;

export interface LogTailOptions {
  readonly file: string;
  /** Up to here it has been read. */
  readonly from: number;
  readonly maxBytes: number;
  /** A whole line, and the place after it. */
  readonly line: (text: string, end: number) => void;
  /** Keeps writers still for the length of `fn`. */
  readonly still: (fn: () => void) => void;
  /** The file begins anew. */
  readonly began: () => void;
}

/** Reads the growing log of a worker line by line, as it grows, and puts a full one aside as `<file>.1`. */
export class LogTail {
  readonly #options: LogTailOptions;
  #at: number;
  #rest: Buffer = Buffer.alloc(0);
  #watcher: FSWatcher | undefined;

  constructor(options: LogTailOptions) {
    this.#options = options;
    this.#at = options.from;
  }

  start(): void {
    try {
      this.#watcher = watch(this.#options.file, { persistent: false }, () => this.read());
      this.#watcher.on("error", () => this.#unwatch());
    } catch {
      // The kernel watches no more files: the log is read when the worker is looked at.
    }
    this.read();
  }

  stop(): void {
    this.#unwatch();
  }

  /** Everything that is there now. */
  read(): void {
    const { file, maxBytes, still } = this.#options;
    if (!existsSync(file)) return;
    const size = this.#readOn();
    if (size > maxBytes) still(() => this.#rotate());
  }

  /** Nobody writes meanwhile: what is read now is all there is. */
  #rotate(): void {
    const { file, began } = this.#options;
    this.#readOn();
    copyFileSync(file, `${file}.1`);
    truncateSync(file, 0);
    this.#at = 0;
    began();
  }

  /** @returns the size */
  #readOn(): number {
    const fd = openSync(this.#options.file, "r");
    try {
      const { size } = fstatSync(fd);
      if (size < this.#at) this.#at = 0;
      for (;;) {
        const buffer = Buffer.allocUnsafe(CHUNK);
        const read = readSync(fd, buffer, 0, CHUNK, this.#at);
        if (read === 0) return size;
        this.#at += read;
        this.#take(Buffer.concat([this.#rest, buffer.subarray(0, read)]));
      }
    } finally {
      closeSync(fd);
    }
  }

  #take(bytes: Buffer): void {
    let from = 0;
    const start = this.#at - bytes.length;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      this.#options.line(bytes.toString("utf8", from, end), start + end + 1);
      from = end + 1;
    }
    this.#rest = bytes.subarray(from);
    if (this.#rest.length <= LONGEST_LINE) return;
    this.#options.line(this.#rest.toString("utf8"), this.#at);
    this.#rest = Buffer.alloc(0);
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}

/** The last `lines` lines of a log, with those of the one before it where they do not suffice. */
export function lastLines(file: string, lines: number): string[] {
  const tail = tailOf(file);
  const before = tail.length < lines ? tailOf(`${file}.1`) : [];
  return [...before, ...tail].slice(-lines);
}

function tailOf(file: string): string[] {
  if (!existsSync(file)) return [];
  const fd = openSync(file, "r");
  try {
    const { size } = fstatSync(fd);
    const length = Math.min(size, 1024 * 1024);
    const buffer = Buffer.alloc(length);
    readSync(fd, buffer, 0, length, size - length);
    const found = buffer.toString("utf8").split("\n");
    if (found.at(-1) === "") found.pop();
    return length < size ? found.slice(1) : found;
  } finally {
    closeSync(fd);
  }
}
