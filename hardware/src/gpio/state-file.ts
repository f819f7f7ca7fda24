import { type FileHandle, mkdir, open, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { BarnacleError, messageOf, systemCode } from "@barnacle/protocol/errors";
import type { LineState } from "./port.ts";

/** A line, and how often it was set since the file was made. */
export type StoredLine = Omit<LineState, "unavailable"> & { readonly value: 0 | 1; readonly writes: number };

/** What another process reads: the lines, and a number that grows with each change. */
export interface GpioState {
  readonly changes: number;
  readonly lines: readonly StoredLine[];
}

/**
 * Mirrors pin states into a JSON file, so that something outside the process can watch them. Each write is flushed to
 * the disk and then put in place of the old file, so a reader never sees half of one, not even after a power cut.
 */
export class StateFile {
  readonly #file: string;
  #changes = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /** What an earlier process left; undefined when there is nothing, or nothing that can be read as such. */
  async read(): Promise<GpioState | undefined> {
    try {
      const found: unknown = JSON.parse(await readFile(this.#file, "utf8"));
      if (!isState(found)) return undefined;
      this.#changes = found.changes;
      return found;
    } catch (cause) {
      if (systemCode(cause) === "ENOENT" || cause instanceof SyntaxError) return undefined;
      throw new BarnacleError("STATE_UNWRITABLE", `GPIO state file ${this.#file}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Writes are in order; resolves when this one is on the disk. @throws STATE_UNWRITABLE */
  write(lines: readonly StoredLine[]): Promise<void> {
    const state: GpioState = { changes: ++this.#changes, lines };
    const written = this.#tail.then(() => this.#replace(`${JSON.stringify(state)}\n`));
    this.#tail = written.catch(() => {
      // The caller of `write` gets the error; later writes stand on their own.
    });
    return written;
  }

  async #replace(text: string): Promise<void> {
    const temporary = `${this.#file}.tmp`;
    let handle: FileHandle | undefined;
    try {
      await mkdir(path.dirname(this.#file), { recursive: true });
      handle = await open(temporary, "w");
      await handle.writeFile(text);
      await handle.sync();
      await handle.close();
      handle = undefined;
      await rename(temporary, this.#file);
    } catch (cause) {
      throw new BarnacleError("STATE_UNWRITABLE", `GPIO state file ${this.#file}: ${messageOf(cause)}`, { cause });
    } finally {
      await handle?.close();
    }
  }
}

function isState(value: unknown): value is GpioState {
  const { changes, lines } = (value ?? {}) as Partial<Record<keyof GpioState, unknown>>;
  return Number.isInteger(changes) && Array.isArray(lines) && lines.every(isStoredLine);
}

function isStoredLine(value: unknown): value is StoredLine {
  const { line, value: level, writes } = (value ?? {}) as Partial<Record<keyof StoredLine, unknown>>;
  return (
    (Number.isInteger(line) || typeof line === "string") && (level === 0 || level === 1) && Number.isInteger(writes)
  );
}
