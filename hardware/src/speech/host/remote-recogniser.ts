import { BarnacleError } from "@barnacle/protocol/errors";
import type { Clock, Log } from "@barnacle/protocol/runtime";
import type { Samples } from "../../audio/format.ts";
import type { EngineSpec } from "../engine.ts";
import type { Recogniser, Recognition, SpeechGrammar, Utterance } from "../port.ts";
import { type EngineChild, EngineProcess } from "./process.ts";

export interface RemoteOptions {
  readonly name: string;
  /** Finds library and model; throws the named error when one is missing. */
  readonly resolve: () => Promise<EngineSpec>;
  readonly fork: () => EngineChild;
  readonly clock: Clock;
  readonly log: Log;
}

/** Longest wait for an answer: several times what the slowest board needs for the longest utterance. */
const ANSWER_LIMIT_MS = 20_000;
const RESTART_FIRST_MS = 500;
const RESTART_MAX_MS = 30_000;

/** One utterance's messages, in order; held back until it is its turn. */
interface Turn {
  readonly backlog: Samples[];
  state: "waiting" | "active" | "over";
  finish: { resolve(recognition: Recognition): void; reject(error: unknown): void } | undefined;
  lost: boolean;
}

/**
 * A recogniser whose engine runs in a child process, started again when it dies. Utterances that overlap are decoded
 * one after the other, in the order in which they began; the later ones are held in memory meanwhile.
 */
export class RemoteRecogniser implements Recogniser {
  readonly name: string;
  readonly #options: RemoteOptions;
  #spec: EngineSpec | undefined;
  #grammar: SpeechGrammar | undefined;
  #process: EngineProcess | undefined;
  #turns: Turn[] = [];
  #closed = true;
  #restartDelay = RESTART_FIRST_MS;
  #cancelRestart: (() => void) | undefined;

  constructor(options: RemoteOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async load(grammar: SpeechGrammar): Promise<void> {
    this.#spec = await this.#options.resolve();
    this.#grammar = grammar;
    this.#closed = false;
    try {
      await this.#start(this.#spec, grammar);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async setGrammar(grammar: SpeechGrammar): Promise<void> {
    if (grammar.hash === this.#grammar?.hash) return;
    if (!this.#process || this.#process.gone) {
      this.#grammar = grammar;
      return;
    }
    await this.#limited(this.#process, this.#process.request({ type: "grammar", grammar }));
    this.#grammar = grammar;
  }

  begin(): Utterance {
    if (this.#closed) throw new BarnacleError("HARDWARE_UNAVAILABLE", `the recogniser ${this.name} is not loaded`);
    const turn: Turn = { backlog: [], state: "waiting", finish: undefined, lost: false };
    this.#turns.push(turn);
    this.#advance();
    return {
      feed: (samples) => this.#feed(turn, samples),
      finish: () => this.#finish(turn),
      cancel: () => this.#cancel(turn),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRestart?.();
    this.#cancelRestart = undefined;
    const process = this.#process;
    this.#process = undefined;
    await process?.close();
    const gone = new BarnacleError("HARDWARE_UNAVAILABLE", `the recogniser ${this.name} was closed`);
    for (const turn of this.#turns.splice(0)) this.#end(turn, gone);
  }

  #start(spec: EngineSpec, grammar: SpeechGrammar): Promise<unknown> {
    this.#cancelRestart?.();
    this.#cancelRestart = undefined;
    const process = new EngineProcess(this.#options.fork(), () => this.#died(process));
    this.#process = process;
    return this.#limited(process, process.request({ type: "load", spec, grammar }));
  }

  /** The running process; one that died is started again at once, since somebody is speaking. */
  #running(): EngineProcess | undefined {
    if (this.#process?.gone && this.#spec && this.#grammar) {
      this.#start(this.#spec, this.#grammar).catch((error: unknown) => this.#restartFailed(error));
    }
    return this.#process;
  }

  #feed(turn: Turn, samples: Samples): void {
    if (turn.state === "over" || turn.finish) return;
    if (turn.state === "active") this.#process?.post({ type: "audio", samples });
    else turn.backlog.push(samples);
  }

  #finish(turn: Turn): Promise<Recognition> {
    return new Promise((resolve, reject) => {
      if (turn.lost) return reject(lost());
      if (turn.state === "over" || turn.finish) {
        return reject(new BarnacleError("CONFLICT", "the utterance was already finished or cancelled"));
      }
      turn.finish = { resolve, reject };
      if (turn.state === "active") this.#collect(turn);
    });
  }

  #cancel(turn: Turn): void {
    if (turn.state === "over" || turn.finish) return;
    if (turn.state === "active") this.#process?.post({ type: "abandon" });
    this.#end(turn, undefined);
    this.#advance();
  }

  /** Makes the oldest utterance the active one and hands over what it has so far. */
  #advance(): void {
    const turn = this.#turns[0];
    if (turn?.state !== "waiting") return;
    const process = this.#running();
    turn.state = "active";
    process?.post({ type: "start" });
    for (const samples of turn.backlog.splice(0)) process?.post({ type: "audio", samples });
    if (turn.finish) this.#collect(turn);
  }

  #collect(turn: Turn): void {
    const process = this.#process;
    if (!process) {
      this.#end(turn, lost());
      return;
    }
    this.#limited(process, process.request({ type: "finish" })).then(
      (recognition) => {
        this.#restartDelay = RESTART_FIRST_MS;
        if (recognition) turn.finish?.resolve(recognition);
        this.#end(turn, recognition ? undefined : lost());
        this.#advance();
      },
      (error: unknown) => {
        this.#end(turn, error);
        this.#advance();
      },
    );
  }

  #end(turn: Turn, error: unknown): void {
    turn.state = "over";
    turn.lost = error !== undefined;
    this.#turns = this.#turns.filter((other) => other !== turn);
    // Has no effect on an utterance that was answered.
    turn.finish?.reject(error);
  }

  /** The child went away by itself: the utterance it was hearing is lost, those behind it are not. */
  #died(process: EngineProcess): void {
    if (this.#closed || process !== this.#process) return;
    this.#options.log.warn({ engine: this.name }, "the speech recogniser's process ended; starting it again");
    const active = this.#turns[0];
    if (active?.state === "active" && !active.finish) this.#end(active, lost());
    if (this.#turns.some((turn) => turn.state === "waiting")) this.#advance();
    else this.#restartLater();
  }

  #restartLater(): void {
    const delay = this.#restartDelay;
    this.#restartDelay = Math.min(RESTART_MAX_MS, delay * 2);
    this.#cancelRestart ??= this.#options.clock.after(delay, () => {
      this.#cancelRestart = undefined;
      if (!this.#closed) this.#running();
    });
  }

  #restartFailed(error: unknown): void {
    this.#options.log.warn({ engine: this.name, err: error }, "the speech recogniser could not be started again");
  }

  /** Ends a child that does not answer; its exit then rejects `answer`. */
  async #limited(process: EngineProcess, answer: Promise<Recognition | undefined>): Promise<Recognition | undefined> {
    const cancel = this.#options.clock.after(ANSWER_LIMIT_MS, () => process.kill());
    try {
      return await answer;
    } finally {
      cancel();
    }
  }
}

function lost(): BarnacleError {
  return new BarnacleError("HARDWARE_UNAVAILABLE", "the speech recogniser's process ended during the utterance");
}
