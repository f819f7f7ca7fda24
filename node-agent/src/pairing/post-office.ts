import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { BarnacleError, fromShape } from "@barnacle/protocol/errors";
import type { FoundHub } from "./find-hubs.ts";
import type { Posted, PostJson } from "./post-json.ts";

const CHILD = fileURLToPath(new URL("./post-child.ts", import.meta.url));
const FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=1"];

type Answer =
  | Posted
  | { readonly hubs: readonly FoundHub[] }
  | { readonly failure: { readonly code?: string; readonly message: string } };

/** What reaches hubs for the node. */
export interface Courier {
  readonly post: PostJson;
  /** Hubs that answer on the network within `waitMs`. @throws HUB_NOT_FOUND where there is no multicast */
  readonly find: (waitMs: number, signal: AbortSignal) => Promise<readonly FoundHub[]>;
}

/**
 * Posts from a process of its own, started at the first request and gone when closed: HTTP is needed to pair, once, and
 * would stay in the node's memory for good (7 MB).
 */
export class PostOffice implements Courier {
  #child: ChildProcess | undefined;
  #waiting: { settle(answer: Answer): void }[] = [];

  readonly post: PostJson = async (url, body, signal, trust) => {
    const answer = await this.#order({ url, body, trust }, signal);
    if ("failure" in answer) throw failed(answer.failure, "HUB_UNREACHABLE", url);
    return answer as Posted;
  };

  readonly find: Courier["find"] = async (findMs, signal) => {
    const answer = await this.#order({ findMs }, signal);
    if ("failure" in answer) throw failed(answer.failure, "HUB_NOT_FOUND", "looking for a hub by mDNS");
    return (answer as { hubs: readonly FoundHub[] }).hubs;
  };

  async #order(order: object, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const child = this.#open();
    const abort = (): void => this.close();
    signal.addEventListener("abort", abort, { once: true });
    try {
      const answer = await new Promise<Answer>((resolve) => {
        this.#waiting.push({ settle: resolve });
        child.stdin?.write(`${JSON.stringify(order)}\n`);
      });
      signal.throwIfAborted();
      return answer;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Ends the process; what was under way fails. */
  close(): void {
    this.#child?.kill();
    this.#gone("was closed");
  }

  #open(): ChildProcess {
    if (this.#child) return this.#child;
    const child = spawn(process.execPath, [...FLAGS, CHILD], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) =>
      this.#waiting.shift()?.settle(JSON.parse(line) as Answer),
    );
    const ended = (why: string): void => {
      if (this.#child === child) this.#gone(why);
    };
    child.on("error", (error) => ended(error.message));
    child.on("exit", (code, signal) => ended(`ended with ${signal ?? code}`));
    // Written to as it ends: its end is told by the event above.
    child.stdin?.on("error", () => undefined);
    return child;
  }

  #gone(why: string): void {
    this.#child = undefined;
    for (const { settle } of this.#waiting.splice(0)) {
      settle({ failure: { message: `the process that asks the hub ${why}` } });
    }
  }
}

function failed(
  failure: { readonly code?: string; readonly message: string },
  code: "HUB_UNREACHABLE" | "HUB_NOT_FOUND",
  what: string,
): BarnacleError {
  return failure.code === undefined ? new BarnacleError(code, `${what}: ${failure.message}`) : fromShape(failure);
}
