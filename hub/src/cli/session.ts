import type { Command } from "commander";
import { EXIT, type ExitCode } from "./exit.ts";
import type { GatewayClient } from "./gateway/client.ts";
import type { Io } from "./io.ts";
import { Output } from "./output.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly fingerprint?: string;
  readonly stateDir?: string;
}

/** One run of one command: its output, the hub it talks to and its exit code. */
export class Session {
  readonly io: Io;
  readonly out: Output;
  readonly options: GlobalOptions;
  exit: ExitCode = EXIT.done;

  constructor(io: Io, options: GlobalOptions) {
    this.io = io;
    this.options = options;
    this.out = new Output(io, options.json === true);
  }

  /** Runs `fn` on a connection to the hub. The client is imported late: `barnacle hub` and `--help` don't need it. */
  async hub<T>(fn: (client: GatewayClient) => Promise<T>): Promise<T> {
    const { withHub } = await import("./gateway/connect.ts");
    return withHub(this.options, this.io, fn);
  }

  /** The work is done and its answer printed, but the answer is bad. */
  fail(): void {
    this.exit = EXIT.failed;
  }
}

/** A family of commands adds itself to the program; `open` gives the session of the command that runs. */
export type Family = (program: Command, open: (command: Command) => Session) => void;

/** Every command shows how it is used. */
export function example(command: Command, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? "Example" : "Examples";
  return command.addHelpText("after", `\n${title}:\n${lines.map((line) => `  $ ${line}`).join("\n")}`);
}
