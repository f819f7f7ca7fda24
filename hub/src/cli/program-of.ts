import { Command } from "commander";
import type { Io } from "./io.ts";
import { example, type Family, type Session } from "./session.ts";
import { VERSION } from "./version.ts";

/** A command line of some families. Usage errors are thrown as commander's own, never printed or exited here. */
export function programOf(families: readonly Family[], io: Io, open: (command: Command) => Session): Command {
  const program = new Command("barnacle")
    .description("Voice and I/O nodes for every room, and the hub they report to.")
    .version(VERSION)
    .option("--json", "print JSON with a stable shape")
    .option("--url <url>", "the hub's address (BARNACLE_URL)")
    .option("--token <token>", "operator token (BARNACLE_TOKEN; read from the state directory on the hub's machine)")
    .option(
      "--fingerprint <sha256>",
      "of the hub's certificate, for wss:// (BARNACLE_FINGERPRINT; `barnacle status` shows it)",
    )
    .option("--state-dir <dir>", "the hub's state directory (BARNACLE_STATE_DIR)")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: () => undefined,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
    })
    .exitOverride();
  example(program, "barnacle demo", 'barnacle ask "turn on the kitchen light"', "barnacle devices list");
  for (const family of families) family(program, open);
  return program;
}
