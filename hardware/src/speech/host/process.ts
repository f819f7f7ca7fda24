import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BarnacleError, fromShape } from "@barnacle/protocol/errors";
import type { Recognition } from "../port.ts";
import type { FromChild, ToChild } from "./messages.ts";

/** The part of a child process that is used; a fake stands in for it in tests. */
export type EngineChild = Pick<ChildProcess, "send" | "on" | "kill" | "connected" | "disconnect">;

/** Starts a child process with an IPC channel that carries typed arrays. */
export function forkEngine(): EngineChild {
  return fork(fileURLToPath(new URL("./child.ts", import.meta.url)), {
    serialization: "advanced",
    // None of the parent's own flags: a debugger port or a test loader must not be inherited.
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}

interface Waiting {
  resolve(recognition: Recognition | undefined): void;
  reject(error: BarnacleError): void;
}

type Request = Extract<ToChild, { id: number }>;
type WithoutId<T> = T extends { id: number } ? Omit<T, "id"> : never;

/** One life of the child: requests and their answers. When it dies, everything that waits fails. */
export class EngineProcess {
  readonly #child: EngineChild;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #gone = false;
  #closing = false;

  constructor(child: EngineChild, onDeath: () => void) {
    this.#child = child;
    child.on("message", (message) => this.#answer(message as FromChild));
    child.on("error", () => this.#end("could not be started", onDeath));
    child.on("exit", (code, signal) => this.#end(`ended (${signal ?? `exit code ${code}`})`, onDeath));
  }

  get gone(): boolean {
    return this.#gone;
  }

  post(message: Exclude<ToChild, { id: number }>): void {
    if (!this.#gone) this.#child.send(message, () => {});
  }

  /** @throws what the engine threw; HARDWARE_UNAVAILABLE when the child is gone or dies first */
  request(message: WithoutId<Request>): Promise<Recognition | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#gone) return reject(died("is not running"));
      this.#lastId += 1;
      this.#waiting.set(this.#lastId, { resolve, reject });
      // A failed send is followed by the child's exit, which rejects.
      this.#child.send({ ...message, id: this.#lastId } as Request, () => {});
    });
  }

  /** Ends the child at once, as for one that hangs; what waits fails. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async close(): Promise<void> {
    if (this.#gone) return;
    this.#closing = true;
    const ended = new Promise<void>((resolve) => this.#child.on("exit", () => resolve()));
    // It holds nothing worth an orderly end, and a native call in progress would delay one.
    this.#child.kill("SIGKILL");
    await ended;
  }

  #answer(message: FromChild): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === "done") waiting?.resolve(message.recognition);
    else waiting?.reject(fromShape(message.error));
  }

  #end(how: string, onDeath: () => void): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const waiting of this.#waiting.values()) waiting.reject(died(how));
    this.#waiting.clear();
    if (!this.#closing) onDeath();
  }
}

function died(how: string): BarnacleError {
  return new BarnacleError("HARDWARE_UNAVAILABLE", `the speech recogniser's process ${how}`, {
    hint: "It is started again by itself; if this repeats, choose another recogniser.",
  });
}
