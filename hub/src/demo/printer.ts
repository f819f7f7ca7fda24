import type { WakeEvent } from "@barnacle/protocol/mqtt";
import type { Clock } from "@barnacle/protocol/runtime";
import { milliseconds } from "../cli/format.ts";
import type { Output, Style } from "../cli/output.ts";
import { oneLine } from "../cli/table.ts";
import type { TurnCommand, TurnRecord } from "../services.ts";
import { stagesOf } from "./summary.ts";
import { isFinished, type Transcript, type TurnWatcher } from "./turn-watch.ts";

interface Shown {
  readonly at: number;
  readonly steps: Set<string>;
  finished: boolean;
}

/** Turns that may still be spoken of; a demo that stays up for days forgets older ones. */
const MOST_TURNS = 50;

export interface TurnPrinterOptions {
  readonly out: Output;
  readonly clock: Clock;
  /** The newest file with a spoken reply, if there is one. */
  readonly replyFile: () => string | undefined;
}

/** Shows turns while they happen, one line per step with the time since the wake phrase and the step's own time. */
export class TurnPrinter implements TurnWatcher {
  readonly #out: Output;
  readonly #clock: Clock;
  readonly #replyFile: () => string | undefined;
  readonly #style: Style;
  readonly #turns = new Map<string, Shown>();

  constructor(options: TurnPrinterOptions) {
    this.#out = options.out;
    this.#clock = options.clock;
    this.#replyFile = options.replyFile;
    this.#style = options.out.style;
  }

  wake(wake: WakeEvent): void {
    const heard = `${this.#quote(wake.phrase)} ${this.#style.dim(`${wake.engine}, score ${wake.score.toFixed(3)}`)}`;
    this.#step(wake.turnId, "wake", heard, wake.latencyMs);
  }

  transcript(transcript: Transcript): void {
    const { turnId, outcome, text, recogniser, confidence } = transcript;
    if (outcome !== "transcript") {
      const nearest = transcript.nearest ? `, nearest ${this.#quote(transcript.nearest)}` : "";
      this.#step(turnId, "transcript", this.#style.yellow(`${outcome}${nearest}`));
      return;
    }
    const by = this.#style.dim(`${recogniser}, confidence ${confidence.toFixed(2)}`);
    this.#step(turnId, "transcript", `${this.#quote(text)} ${by}`);
  }

  turn(turn: TurnRecord): void {
    const { turnId } = turn;
    const stages = stagesOf(turn.spans);
    if (turn.source === "text" && turn.transcript) this.#step(turnId, "asked", this.#quote(turn.transcript));
    if (turn.intent) this.#step(turnId, "intent", turn.intent, stages.intent);
    if (turn.route) this.#step(turnId, "route", this.#style.dim(oneLine(turn.route.why)), stages.route);
    turn.commands.forEach((command, i) => {
      this.#step(turnId, "command", this.#command(command), i === 0 ? stages.command : undefined, String(i));
    });
    if (turn.status !== "done" && turn.status !== "failed") return;
    if (turn.reply) this.#step(turnId, "reply", this.#quote(turn.reply));
    if (turn.replySpoken) this.#step(turnId, "spoken", this.#style.dim(this.#replyFile() ?? ""), stages.synthesise);
    if (isFinished(turn)) this.#finish(turn, stages);
  }

  #finish(turn: TurnRecord, stages: Record<string, number>): void {
    const shown = this.#turns.get(turn.turnId);
    if (!shown || shown.finished) return;
    shown.finished = true;
    const style = this.#style;
    const reaction =
      turn.source === "voice" && turn.ok && stages.speechEndToAction !== undefined
        ? `: ${milliseconds(stages.speechEndToAction)} from the end of speech to the action`
        : "";
    const why = turn.error?.message ?? turn.reason ?? turn.outcome;
    this.#out.line(turn.ok ? `  ${style.green("✓")} done${reaction}` : `  ${style.yellow("✗")} ${oneLine(why)}`);
    this.#out.line("");
  }

  #command(command: TurnCommand): string {
    const call = `${command.command} ${JSON.stringify(command.params)}`;
    if (command.ok) return `${call} ${this.#style.green("done")}`;
    return `${call} ${this.#style.red(`failed: ${oneLine(command.error?.message ?? "no reason given")}`)}`;
  }

  #step(turnId: string, name: string, text: string, ms?: number, key = ""): void {
    const now = this.#clock.monotonic();
    const shown = this.#turns.get(turnId) ?? { at: now, steps: new Set(), finished: false };
    this.#turns.set(turnId, shown);
    const [oldest] = this.#turns.keys();
    if (oldest !== undefined && this.#turns.size > MOST_TURNS) this.#turns.delete(oldest);
    const step = name + key;
    if (shown.finished || shown.steps.has(step)) return;
    shown.steps.add(step);
    const since = this.#style.dim(`${((now - shown.at) / 1000).toFixed(2)} s`.padStart(9));
    const took = this.#style.cyan((ms === undefined ? "" : milliseconds(ms)).padStart(8));
    this.#out.line(`${since}  ${this.#style.bold(name.padEnd(10))} ${took}  ${text}`);
  }

  #quote(text: string): string {
    return `“${oneLine(text)}”`;
  }
}
