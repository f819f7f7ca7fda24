import { Command } from "commander";
import { askFamily } from "./commands/ask.ts";
import { auditFamily } from "./commands/audit.ts";
import { configFamily } from "./commands/config.ts";
import { cronFamily } from "./commands/cron.ts";
import { demoFamily } from "./commands/demo.ts";
import { devicesFamily } from "./commands/devices.ts";
import { doctorFamily } from "./commands/doctor.ts";
import { hubFamily } from "./commands/hub.ts";
import { inboxFamily } from "./commands/inbox.ts";
import { invokeFamily } from "./commands/invoke.ts";
import { policyFamily } from "./commands/policy.ts";
import { routeFamily } from "./commands/route.ts";
import { statusFamily } from "./commands/status.ts";
import { transcribeFamily } from "./commands/transcribe.ts";
import { turnsFamily } from "./commands/turns.ts";
import { wakeFamily } from "./commands/wake.ts";
import type { Io } from "./io.ts";
import { example, type Family, type Session } from "./session.ts";
import { VERSION } from "./version.ts";

/** In the order of `--help`. */
const FAMILIES: readonly Family[] = [
  hubFamily,
  demoFamily,
  statusFamily,
  doctorFamily,
  devicesFamily,
  invokeFamily,
  routeFamily,
  askFamily,
  turnsFamily,
  wakeFamily,
  transcribeFamily,
  inboxFamily,
  cronFamily,
  policyFamily,
  auditFamily,
  configFamily,
];

/** The whole command line. Usage errors are thrown as commander's own, never printed or exited here. */
export function buildProgram(io: Io, open: (command: Command) => Session): Command {
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
  for (const family of FAMILIES) family(program, open);
  return program;
}
