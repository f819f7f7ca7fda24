import { messageOf } from "../errors/index.ts";
import type { Clock, Log } from "../runtime/index.ts";
import { newsOf, type RunNews, sameSession } from "./chat.ts";
import { loadPlain, type ToPlain } from "./plain.ts";
import { SentenceStream } from "./sentences.ts";

/** Who speaks the answers. */
export interface Mouth {
  /** Resolves when the sentence was heard, or cut short. */
  say(sentence: string): Promise<void>;
  /** Falls silent at once. */
  hush(): void;
}

export interface ConversationOptions {
  /** The session whose answers are spoken. */
  readonly sessionKey: string;
  readonly mouth: Mouth;
  /** Puts a question to the gateway; resolves when that has it. */
  readonly ask: (text: string, questionId: string) => Promise<void>;
  /** Patience for a first word, and between one and the next. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is said where there is no answer to say. */
export const EXCUSES = {
  none: "Sorry, no answer came.",
  failed: "Sorry, that went wrong.",
  away: "I cannot reach the gateway.",
} as const;

export type Ending = "spoken" | "silent" | "stopped" | "none" | "failed" | "away";

export interface Told {
  readonly ending: Ending;
  /** Everything that was said aloud, in order. */
  readonly said: readonly string[];
  readonly problem?: string;
}

interface Waiting {
  runId?: string;
  readonly sentences: SentenceStream;
  /** What a gateway of deltas alone has sent. */
  soFar: string;
  wake: () => void;
  news: RunNews[];
  stopped: boolean;
}

/** A gateway's words for "say nothing". */
const SILENCE = /^\s*(NO_REPLY|HEARTBEAT_OK)\s*$/;
/** Runs that are remembered as not ours. */
const MOST_RUNS = 200;

/**
 * Questions to a gateway's agent, whose answers are spoken sentence by sentence while they come. Nobody who asked is left in
 * silence: an answer that does not come, and one that failed, are said to be so.
 */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #seen = new Set<string>();
  #waiting: Waiting | undefined;
  #plain: ToPlain | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
  }

  get active(): boolean {
    return this.#waiting !== undefined;
  }

  /** Everything the gateway sends goes through here. */
  hear(event: string, payload: unknown): void {
    const news = newsOf(event, payload);
    if (!news || !sameSession(news.sessionKey, this.#options.sessionKey)) return;
    const waiting = this.#waiting;
    if (news.working) {
      waiting?.wake();
      return;
    }
    const known = this.#seen.has(news.runId);
    this.#remember(news.runId);
    if (!waiting) return;
    // The first run that begins after the question is its answer; one that was there before is somebody else's.
    if (waiting.runId === undefined && !known) waiting.runId = news.runId;
    if (waiting.runId !== news.runId) return;
    waiting.news.push(news);
    waiting.wake();
  }

  /** Falls silent and forgets the question. @returns false when there was none */
  stop(): boolean {
    const waiting = this.#waiting;
    if (!waiting) return false;
    waiting.stopped = true;
    this.#options.mouth.hush();
    waiting.wake();
    return true;
  }

  /** Asks and speaks. One question at a time: a new one ends the one before. Never rejects. */
  async ask(text: string, questionId: string): Promise<Told> {
    this.stop();
    const waiting: Waiting = { sentences: new SentenceStream(), soFar: "", wake: () => {}, news: [], stopped: false };
    this.#waiting = waiting;
    const said: string[] = [];
    try {
      this.#plain ??= await loadPlain();
      await this.#options.ask(text, questionId);
      return await this.#tell(waiting, said);
    } catch (error) {
      const problem = messageOf(error);
      this.#options.log.warn({ reason: problem }, "a question could not be put to the gateway");
      await this.#say(waiting, EXCUSES.away, said);
      return { ending: "away", said, problem };
    } finally {
      if (this.#waiting === waiting) this.#waiting = undefined;
    }
  }

  /** Asks, and hands out all of the text so far whenever it has grown; nothing is spoken. Never rejects. */
  async stream(text: string, questionId: string, grown: (text: string) => void): Promise<Told> {
    this.stop();
    const waiting: Waiting = { sentences: new SentenceStream(), soFar: "", wake: () => {}, news: [], stopped: false };
    this.#waiting = waiting;
    try {
      await this.#options.ask(text, questionId);
      for (;;) {
        const news = await this.#next(waiting);
        if (waiting.stopped) return { ending: "stopped", said: [] };
        if (news === undefined) return { ending: "none", said: [] };
        if (news.end === "error") return { ending: "failed", said: [], problem: news.problem ?? "" };
        if (news.text !== undefined) waiting.soFar = news.text;
        else if (news.delta !== undefined) waiting.soFar += news.delta;
        const silent = SILENCE.test(waiting.soFar);
        if (!silent) grown(waiting.soFar);
        if (news.end) return { ending: silent ? "silent" : "spoken", said: silent ? [] : [waiting.soFar] };
      }
    } catch (error) {
      return { ending: "away", said: [], problem: messageOf(error) };
    } finally {
      if (this.#waiting === waiting) this.#waiting = undefined;
    }
  }

  async #tell(waiting: Waiting, said: string[]): Promise<Told> {
    for (;;) {
      const news = await this.#next(waiting);
      if (waiting.stopped) return { ending: "stopped", said };
      if (news === undefined) {
        this.#options.log.warn({ runId: waiting.runId }, "no answer came in time");
        await this.#say(waiting, EXCUSES.none, said);
        return { ending: "none", said };
      }
      if (news.end === "error") {
        this.#options.log.warn({ runId: news.runId, reason: news.problem }, "the gateway's run failed");
        await this.#say(waiting, EXCUSES.failed, said);
        return { ending: "failed", said, ...(news.problem === undefined ? {} : { problem: news.problem }) };
      }
      for (const sentence of this.#grown(waiting, news)) await this.#say(waiting, sentence, said);
      if (news.end) return { ending: waiting.stopped ? "stopped" : said.length > 0 ? "spoken" : "silent", said };
    }
  }

  #grown(waiting: Waiting, { text, delta, end }: RunNews): string[] {
    if (text !== undefined) waiting.soFar = text;
    else if (delta !== undefined) waiting.soFar += delta;
    const whole = withoutDirective(waiting.soFar, end !== undefined);
    if (SILENCE.test(whole) || (end === undefined && "NO_REPLY HEARTBEAT_OK".includes(whole.trim()))) return [];
    const sentences = waiting.sentences.grow(whole);
    return end ? [...sentences, ...waiting.sentences.end()] : sentences;
  }

  async #say(waiting: Waiting, sentence: string, said: string[]): Promise<void> {
    const plain = this.#plain?.(sentence) ?? sentence;
    if (waiting.stopped || !/[\p{L}\p{N}]/u.test(plain)) return;
    said.push(plain);
    await this.#options.mouth.say(plain).catch((error: unknown) => {
      this.#options.log.warn({ reason: messageOf(error) }, "a sentence could not be spoken");
    });
  }

  /** Undefined when patience is over; the time that speaking took does not count. */
  async #next(waiting: Waiting): Promise<RunNews | undefined> {
    const { clock, patienceMs } = this.#options;
    while (waiting.news.length === 0 && !waiting.stopped) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const cancel = clock.after(patienceMs, () => resolve(false));
      waiting.wake = () => resolve(true);
      const woken = await promise;
      cancel();
      if (!woken) return undefined;
    }
    return merged(waiting.news.splice(0));
  }

  #remember(runId: string): void {
    this.#seen.delete(runId);
    this.#seen.add(runId);
    if (this.#seen.size > MOST_RUNS) this.#seen.delete(this.#seen.values().next().value as string);
  }
}

/** What came while a sentence was spoken, as one. */
function merged(news: readonly RunNews[]): RunNews | undefined {
  const [first] = news;
  if (!first) return undefined;
  const end = news.find((one) => one.end === "done" || one.end === "aborted") ?? news.find((one) => one.end);
  const text = news.findLast((one) => one.text !== undefined)?.text;
  const delta = news.flatMap((one) => (one.delta === undefined ? [] : [one.delta])).join("");
  return {
    ...{ runId: first.runId, sessionKey: first.sessionKey },
    ...(text === undefined ? (delta === "" ? {} : { delta }) : { text }),
    ...(end?.end === undefined ? {} : { end: end.end }),
    ...(end?.problem === undefined ? {} : { problem: end.problem }),
  };
}

/** Agents of talk mode may begin with a line of JSON about the voice; it is not for the ears. */
function withoutDirective(text: string, complete: boolean): string {
  if (!text.trimStart().startsWith("{")) return text;
  const end = text.indexOf("\n");
  if (end < 0 && !complete) return "";
  const line = end < 0 ? text : text.slice(0, end);
  try {
    const directive: unknown = JSON.parse(line);
    return typeof directive === "object" && directive !== null ? text.slice(line.length) : text;
  } catch {
    return text;
  }
}
