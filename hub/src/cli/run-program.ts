import { BarnacleError } from "@barnacle/protocol/errors";
import { type Command, CommanderError } from "commander";
import { EXIT, type ExitCode, exitCodeOf } from "./exit.ts";
import type { Io } from "./io.ts";
import { Output } from "./output.ts";
import { Session } from "./session.ts";

type Build = (io: Io, open: (command: Command) => Session) => Command;

/** Runs one command line of a program. Never throws: what went wrong is printed, and the exit code says of which kind it was. */
export async function runProgram(build: Build, argv: readonly string[], io: Io): Promise<ExitCode> {
  let session: Session | undefined;
  const program = build(io, (command) => {
    session = new Session(io, command.optsWithGlobals());
    return session;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return session?.exit ?? EXIT.done;
  } catch (error) {
    const out = session?.out ?? new Output(io, argv.includes("--json"));
    if (!(error instanceof CommanderError)) {
      out.error(error);
      return exitCodeOf(error);
    }
    if (error.exitCode === 0) return EXIT.done;
    // A command group named without its command has shown its help already; a program still wants the object.
    if (error.code !== "commander.help") out.error(usageError(error.message, argv));
    else if (out.json) out.error(usageError("a command is missing", argv));
    return EXIT.usage;
  }
}

function usageError(message: string, argv: readonly string[]): BarnacleError {
  const first = argv[0];
  const isFamily = first !== undefined && !first.startsWith("-") && !message.includes(`unknown command '${first}'`);
  const family = isFamily ? [first] : [];
  const text = message.replace(/^error: /, "").replaceAll("\n", " ");
  return new BarnacleError("USAGE", text, { hint: `See: ${["barnacle", ...family, "--help"].join(" ")}` });
}
