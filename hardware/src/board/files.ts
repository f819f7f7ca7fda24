import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** Reads of the kernel's files below a root that tests replace by a folder. What cannot be read is undefined. */
export class KernelFiles {
  readonly #root: string;

  constructor(root = "/") {
    this.#root = root;
  }

  async text(name: string): Promise<string | undefined> {
    try {
      return await readFile(path.join(this.#root, name), "utf8");
    } catch {
      // Absent on this board, or the driver answers with an error; a missing reading is "unknown" by contract.
      return undefined;
    }
  }

  async number(name: string): Promise<number | undefined> {
    const text = (await this.text(name))?.trim();
    if (!text) return undefined;
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }

  async list(name: string): Promise<string[]> {
    try {
      return (await readdir(path.join(this.#root, name))).sort();
    } catch {
      // As with `text`: absent is empty.
      return [];
    }
  }
}
