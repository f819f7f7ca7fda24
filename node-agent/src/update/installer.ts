import { spawn } from "node:child_process";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";

/** What installs a package that was fetched and checked. */
export interface Installer {
  /** @throws COMMAND_FAILED with the end of what was printed */
  install(file: string): Promise<void>;
}

const TAIL = 400;

/** Runs a configured program; `{file}` among its arguments stands for the package. No shell is involved. */
export class CommandInstaller implements Installer {
  readonly #command: readonly string[];
  readonly #timeoutMs: number;

  constructor(command: readonly string[], timeoutMs: number) {
    this.#command = command;
    this.#timeoutMs = timeoutMs;
  }

  install(file: string): Promise<void> {
    const [program = "", ...args] = this.#command.map((part) => part.replaceAll("{file}", file));
    return new Promise((resolve, reject) => {
      // A group of its own: a service manager that ends this node lets the installation finish where it can.
      const child = spawn(program, args, {
        stdio: ["ignore", "pipe", "pipe"],
        timeout: this.#timeoutMs,
        detached: true,
      });
      let said = "";
      const hear = (data: Buffer): void => {
        said = (said + data.toString("utf8")).slice(-TAIL);
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.once("error", (error) => reject(failed(`${program}: ${messageOf(error)}`)));
      child.once("close", (code, signal) => {
        if (code === 0) resolve();
        else reject(failed(`${program} ended with ${code ?? signal}: ${said.trim()}`));
      });
    });
  }
}

/** Remembers what it was asked to install, for tests. */
export class FakeInstaller implements Installer {
  readonly installed: string[] = [];
  failure: string | undefined;

  async install(file: string): Promise<void> {
    this.installed.push(file);
    if (this.failure !== undefined) throw failed(this.failure);
  }
}

function failed(text: string): BarnacleError {
  return new BarnacleError("COMMAND_FAILED", `the package was not installed: ${text}`);
}
