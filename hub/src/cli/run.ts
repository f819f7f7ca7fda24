import type { ExitCode } from "./exit.ts";
import type { Io } from "./io.ts";
import { buildProgram } from "./program.ts";
import { runProgram } from "./run-program.ts";

/** Runs one command line. Never throws: what went wrong is printed, and the exit code says of which kind it was. */
export function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  return runProgram(buildProgram, argv, io);
}
