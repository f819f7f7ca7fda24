import { existsSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import type { ClientHome } from "./client.ts";
import { Process } from "./process.ts";

const SCRIPT = "/usr/bin/script";
/** False when there is something that makes a pseudo-terminal, else why tests that need one are skipped. */
export const noTerminal: string | false = existsSync(SCRIPT) ? false : `no ${SCRIPT} (Debian package bsdutils)`;

/** A program in a pseudo-terminal of 120 by 40. */
export class Terminal extends Process {
  constructor(home: ClientHome, args: readonly string[]) {
    const [command, rest] = home.command(args);
    const line = [command, ...rest].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    super(`${home.program.name} ${args[0]}`, SCRIPT, ["-qefc", `stty cols 120 rows 40; exec ${line}`, "/dev/null"], {
      cwd: home.dir,
      env: { ...home.env(), COLUMNS: "120", LINES: "40", SHELL: "/bin/sh" },
      stdin: true,
    });
  }

  /** What was written, without control sequences; the whole history, not only what is still to be seen. */
  get text(): string {
    return stripVTControlCharacters(this.output).replaceAll("\r", "");
  }

  shows(what: string, pattern: RegExp): Promise<RegExpMatchArray> {
    return this.until(what, () => this.text.match(pattern) ?? undefined);
  }

  /** Types a line as a hand does: the text, and then the key. */
  async enter(text: string): Promise<void> {
    this.write(text);
    await this.shows(`what was typed: ${text}`, new RegExp(text.replace(/[^a-z0-9 ]/gi, ".")));
    this.write("\r");
  }
}
