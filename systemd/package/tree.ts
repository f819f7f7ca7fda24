import { chmodSync, copyFileSync, lutimesSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

/** One file of a package. */
export type Entry =
  | { readonly kind: "text"; readonly text: string | Buffer; readonly mode: number }
  | { readonly kind: "copy"; readonly from: string; readonly mode: number }
  | { readonly kind: "link"; readonly target: string };

/** Files and links below a folder, as paths relative to it, in one order on every machine. Links are not followed. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory()
        ? filesBelow(path.join(folder, entry.name)).map((file) => `${entry.name}/${file}`)
        : [entry.name],
    )
    .sort();
}

/** What a package puts on a machine: paths with their content, modes and one time for all, whatever the builder's umask. */
export class Tree {
  readonly entries = new Map<string, Entry>();

  add(file: string, text: string | Buffer, mode = 0o644): void {
    this.entries.set(file, { kind: "text", text, mode });
  }

  copy(file: string, from: string, mode = 0o644): void {
    this.entries.set(file, { kind: "copy", from, mode });
  }

  link(file: string, target: string): void {
    this.entries.set(file, { kind: "link", target });
  }

  /** Writes everything below `folder`, which must be new. @param seconds since 1970, of every file and folder */
  write(folder: string, seconds: number): void {
    const folders = new Set<string>();
    for (const [file, entry] of [...this.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const full = path.join(folder, file);
      for (let each = path.dirname(full); each.startsWith(folder); each = path.dirname(each)) folders.add(each);
      mkdirSync(path.dirname(full), { recursive: true });
      if (entry.kind === "link") symlinkSync(entry.target, full);
      else {
        if (entry.kind === "copy") copyFileSync(entry.from, full);
        else writeFileSync(full, entry.text);
        chmodSync(full, entry.mode);
      }
      lutimesSync(full, seconds, seconds);
    }
    // Deepest first: a folder's time changes with what is put into it.
    for (const each of [...folders].sort((a, b) => b.length - a.length)) {
      chmodSync(each, 0o755);
      lutimesSync(each, seconds, seconds);
    }
  }
}
