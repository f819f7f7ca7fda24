import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import { HELP } from "./help.ts";

const write = (text: string): void => void process.stdout.write(text);

/** Each subcommand loads only what it needs. */
async function dispatch(args: readonly string[]): Promise<number> {
  const [first] = args;
  const rest = args.slice(1);
  if (args.includes("--help") || args.includes("-h") || first === "help") {
    write(HELP);
    return 0;
  }
  switch (first) {
    case "doctor":
      return (await import("./doctor.ts")).doctor(rest, write);
    case "wake-test":
      return (await import("./wake-test.ts")).wakeTest(rest, write);
    case "config":
      return (await import("./config.ts")).configCommand(rest, write);
    case "run":
      return (await import("./run.ts")).run(rest);
    default:
      if (first === undefined || first.startsWith("-")) return (await import("./run.ts")).run(args);
      throw new BarnacleError("USAGE", `no command "${first}"`, { hint: "Run barnacle-node --help." });
  }
}

export async function main(): Promise<void> {
  const args = process.argv.slice(2);
  try {
    process.exitCode = await dispatch(args);
  } catch (error) {
    const { code, message, hint } = toBarnacleError(error);
    const json = args.includes("--json");
    process.stderr.write(
      json ? `${JSON.stringify({ error: { code, message, hint } })}\n` : `barnacle-node: ${message}\n  ${hint}\n`,
    );
    if (code === "INTERNAL" && !json && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = code === "USAGE" ? 2 : 1;
  }
}

if (import.meta.main) await main();
