import { closeSync, openSync, readdirSync, readFileSync, readSync, writeFileSync } from "node:fs";
import path from "node:path";
import { messageOf } from "@barnacle/protocol/errors";
import type { GpioKernel } from "./kernel.ts";

const ROOT = "/sys/class/gpio";

/** What the driver over /sys/class/gpio needs of it. Files are named below that folder; failures carry an errno `code`. */
export interface SysfsFiles {
  names(): readonly string[];
  read(file: string): string;
  write(file: string, text: string): void;
  /** Calls back whenever the `value` file tells of an edge. @returns what ends it */
  watch(file: string, ready: () => void): () => void;
}

export function systemSysfs(kernel: Pick<GpioKernel, "watchPriority">, root = ROOT): SysfsFiles {
  return {
    names: () => readdirSync(root),
    read: (file) => readFileSync(path.join(root, file), "utf8").trim(),
    write: (file, text) => writeFileSync(path.join(root, file), text),
    watch: (file, ready) => {
      const fd = openSync(path.join(root, file), "r");
      const byte = Buffer.alloc(1);
      // An edge is told of until the value has been read through the same descriptor.
      const seen = (): void => {
        try {
          readSync(fd, byte, 0, 1, 0);
        } catch {
          // The line is gone: whoever reads it next says so.
        }
      };
      seen();
      const stop = kernel.watchPriority(fd, () => {
        seen();
        ready();
      });
      return () => {
        stop();
        closeSync(fd);
      };
    },
  };
}

/** A chip as /sys/class/gpio has it: its lines have the kernel's global numbers from `base` on (512 on today's boards). */
export interface SysfsChip {
  readonly label: string;
  readonly base: number;
  readonly lines: number;
}

export function sysfsChips(files: SysfsFiles): { readonly chips: readonly SysfsChip[]; readonly problem?: string } {
  try {
    const folders = files.names().filter((name) => /^gpiochip\d+$/.test(name));
    const chips = folders.map((folder) => ({
      label: files.read(`${folder}/label`),
      base: Number(files.read(`${folder}/base`)),
      lines: Number(files.read(`${folder}/ngpio`)),
    }));
    return { chips };
  } catch (error) {
    return { chips: [], problem: messageOf(error) };
  }
}
