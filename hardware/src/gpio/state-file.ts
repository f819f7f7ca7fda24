import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { LineState } from "./port.ts";

/** What another process reads: the lines, and a number that grows with each change. */
export interface GpioState {
  readonly changes: number;
  readonly lines: readonly LineState[];
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

  /** Writes are in order; resolves when this one is on the disk. @throws STATE_UNWRITABLE */
  write(lines: readonly LineState[]): Promise<void> {
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
