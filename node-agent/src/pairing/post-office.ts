import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { BarnacleError, fromShape } from "@barnacle/protocol/errors";
import type { PostJson } from "./post-json.ts";

const CHILD = fileURLToPath(new URL("./post-child.ts", import.meta.url));
const FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=1"];

type Answer =
  | Awaited<ReturnType<PostJson>>
  | { readonly failure: { readonly code?: string; readonly message: string } };

/**
 * Posts from a process of its own, started at the first request and gone when closed: HTTP is needed to pair, once, and
 * would stay in the node's memory for good (7 MB).
 */
export class PostOffice {
  #child: ChildProcess | undefined;
  #waiting: { settle(answer: Answer): void }[] = [];

  readonly post: PostJson = async (url, body, signal) => {
    signal.throwIfAborted();
    const child = this.#open();
    const abort = (): void => this.close();
    signal.addEventListener("abort", abort, { once: true });
    try {
      const answer = await new Promise<Answer>((resolve) => {
        this.#waiting.push({ settle: resolve });
        child.stdin?.write(`${JSON.stringify({ url, body })}\n`);
      });
      signal.throwIfAborted();
      if (!("failure" in answer)) return answer;
      const { code, message } = answer.failure;
      throw code === undefined ? new BarnacleError("HUB_UNREACHABLE", `${url}: ${message}`) : fromShape(answer.failure);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  };

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
