import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { CommandConfig } from "../../config/agent.ts";
import { textOf } from "../../sessions/index.ts";
import type { Models } from "../model/models.ts";
import type { Answer, Ask, ChatResponder, Output } from "../responder.ts";
import { JsonLines } from "./json-lines.ts";

/** From the polite signal to the one that cannot be refused. */
const KILL_MS = 2_000;
const MAX_STDERR = 2_000;
const HISTORY = 40;

export interface ProgramOptions {
  readonly config: CommandConfig;
  readonly models: Models;
  readonly clock: Clock;
  /** Of the hub; three of its variables are passed on. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * A program that answers. One JSON line goes to its standard input: `{runId, sessionKey, agentId, source, room, message, notes,
 * history[{role, text}]}`. It writes JSON lines: `{"delta": "…"}` for each piece, and may end with `{"text": "…"}`, the whole
 * answer, or `{"error": "…"}`. It runs in a process group of its own, which is ended with the run.
 */
export class ProgramResponder implements ChatResponder {
  readonly name = "program";
  readonly #options: ProgramOptions;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  async respond(ask: Ask, out: Output): Promise<Answer | undefined> {
    const { config, models } = this.#options;
    const model = models.choose(ask.model);
    if (model.provider !== "program" && ask.model !== undefined) return undefined;
    out.model("program", config.name);
    ask.signal.throwIfAborted();
    const child = this.#spawn();
    const end = () => this.#end(child);
    ask.signal.addEventListener("abort", end, { once: true });
    try {
      return await this.#converse(child, ask, out);
    } finally {
      ask.signal.removeEventListener("abort", end);
      this.#end(child);
    }
  }

  async #converse(child: Child, ask: Ask, out: Output): Promise<Answer> {
    let final: string | undefined;
    let problem: BarnacleError | undefined;
    let said = false;
    let stderr = "";
    const lines = new JsonLines((line) => {
      if (typeof line.delta === "string") {
        said = true;
        out.text(line.delta);
      }
      if (typeof line.text === "string") final = line.text;
      if (typeof line.error === "string") problem ??= failed(`it says: ${line.error.slice(0, 300)}`);
    });
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      const wrong = lines.feed(chunk);
      problem ??= wrong;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr = (stderr + chunk).slice(-MAX_STDERR);
    });
    // A program that answers without reading its question closes the pipe.
    child.stdin.on("error", () => {});
    child.stdin.end(`${JSON.stringify(questionOf(ask))}\n`);
    const { code, signal, error } = await exitOf(child);
    if (error) throw failed(`it cannot be started: ${messageOf(error)}`);
    const wrong = lines.end();
    problem ??= wrong;
    if (problem) throw problem;
    if (code !== 0) {
      const last = stderr.trim().split("\n").at(-1) ?? "";
      throw failed(`it ended with ${signal ?? `code ${code}`}${last === "" ? "" : `: ${last.slice(0, 300)}`}`);
    }
    if (!said && final === undefined) throw failed("it ended without an answer");
    return { ...(final === undefined ? {} : { text: final }), stopReason: "stop" };
  }

  #spawn(): Child {
    const { config, env } = this.#options;
    const [program = "", ...args] = config.argv;
    const { PATH, HOME, LANG } = env;
    const inherited = Object.entries({ PATH, HOME, LANG }).filter(([, value]) => value !== undefined);
    return spawn(program, args, {
      ...(config.cwd === undefined ? {} : { cwd: config.cwd }),
      env: { ...Object.fromEntries(inherited), ...config.env },
      stdio: ["pipe", "pipe", "pipe"],
      shell: false,
      // A group of its own, so that what it starts ends with it.
      detached: true,
    });
  }

  /** May be called more than once, and after its end. */
  #end(child: Child): void {
    if (child.pid === undefined || !signalGroup(child.pid, "SIGTERM")) return;
    this.#options.clock.after(KILL_MS, () => signalGroup(child.pid as number, "SIGKILL"));
  }
}

/** False when nobody of the group is there any more. */
function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

function exitOf(child: Child): Promise<{ code: number | null; signal: string | null; error?: Error }> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, error }));
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

function questionOf(ask: Ask): JsonObject {
  const { runId, sessionKey, agent, source, room, message, notes, thinking } = ask;
  const spoken = ask.history(HISTORY).filter(({ role }) => role === "user" || role === "assistant");
  return {
    ...{ runId, sessionKey, agentId: agent.id, source, message, notes: [...notes] },
    ...(room === undefined ? {} : { room }),
    ...(thinking === undefined ? {} : { thinking }),
    history: spoken.map(({ role, message: said }) => ({ role, text: textOf(said) })),
  };
}

function failed(text: string): BarnacleError {
  return new BarnacleError("AGENT_PROGRAM", `the program that answers failed: ${text}`);
}
