import type { Recogniser, SpeechGrammar, Utterance } from "@barnacle/hardware/speech";
import { BarnacleError, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { Clock, Log, Random, Unit } from "@barnacle/protocol/runtime";
import type { TalkMessage, TalkSession, TalkSessions } from "../services.ts";
import { Segmenter } from "./segmenter.ts";

const RATE = 16_000;
const TTL_MS = 30 * 60_000;
const MOST = 8;
const MOST_PER_CONNECTION = 2;
/** The recogniser's process is ended when nobody has dictated for this long. */
const IDLE_MS = 60_000;

export interface RecognisedTalkOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Its name, and whether it is there. */
  readonly engine: string;
  readonly available: () => Promise<boolean>;
  /** Makes the recogniser, which has a process of its own; called at the first session. */
  readonly create: () => Promise<Recogniser>;
  readonly grammar: () => SpeechGrammar;
}

interface Open {
  readonly id: string;
  readonly connId: string;
  readonly tell: (message: TalkMessage) => void;
  readonly segmenter: Segmenter;
  readonly recogniser: Recogniser;
  readonly endTtl: () => void;
  utterance: Utterance | undefined;
  turnId: string | undefined;
  turns: number;
  seq: number;
  /** Sentences being recognised, in order. */
  pending: Promise<void>;
}

/** Dictation by the hub's own recogniser. It knows the household's sentences; what is none of them ends its turn without text. */
export class RecognisedTalk implements TalkSessions, Unit {
  readonly #options: RecognisedTalkOptions;
  readonly #open = new Map<string, Open>();
  /** Connections whose sessions are being made. */
  readonly #opening: { readonly connId: string; gone: boolean }[] = [];
  #recogniser: Promise<Recogniser> | undefined;
  #endIdle: () => void = () => {};

  constructor(options: RecognisedTalkOptions) {
    this.#options = options;
  }

  get provider(): string {
    return this.#options.engine;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    for (const session of [...this.#open.values()]) this.#end(session, "shutdown");
    await this.#release();
  }

  ready(): Promise<boolean> {
    return this.#options.available();
  }

  async open(connId: string, tell: (message: TalkMessage) => void): Promise<TalkSession> {
    const all = [...this.#open.values(), ...this.#opening];
    const mine = all.filter((session) => session.connId === connId).length;
    if (all.length >= MOST || mine >= MOST_PER_CONNECTION) {
      throw new BarnacleError("RATE_LIMITED", "too many transcription sessions are open; close one first");
    }
    const { clock, random, engine } = this.#options;
    this.#endIdle();
    const recogniser = await this.#ready(connId);
    const id = random.uuid();
    const session: Open = {
      ...{ id, connId, tell, recogniser, utterance: undefined, turnId: undefined, turns: 0, seq: 0 },
      pending: Promise.resolve(),
      segmenter: new Segmenter({
        begin: () => this.#begin(session),
        audio: (samples) => session.utterance?.feed(samples),
        end: () => this.#finish(session),
      }),
      endTtl: clock.after(TTL_MS, () => this.#end(session, "completed")),
    };
    this.#open.set(id, session);
    this.#tell(session, "ready", { type: "session.ready", payload: null });
    return { sessionId: id, provider: engine, sampleRate: RATE, expiresAt: Math.floor((clock.now() + TTL_MS) / 1000) };
  }

  append(connId: string, sessionId: string, audio: Buffer): void {
    const session = this.#known(connId, sessionId);
    if (audio.length % 2 !== 0) {
      throw new BarnacleError("AUDIO_FORMAT", "audio: expected 16 kHz mono samples of two bytes each");
    }
    // A copy: what came from the socket need not lie on an even address.
    const samples = new Int16Array(audio.length / 2);
    for (let i = 0; i < samples.length; i++) samples[i] = audio.readInt16LE(i * 2);
    session.segmenter.feed(samples);
  }

  async close(connId: string, sessionId: string): Promise<void> {
    const session = this.#known(connId, sessionId);
    session.segmenter.flush();
    await session.pending;
    this.#end(session, "completed");
  }

  drop(connId: string): void {
    for (const one of this.#opening) if (one.connId === connId) one.gone = true;
    for (const session of [...this.#open.values()]) if (session.connId === connId) this.#end(session, "disconnected");
  }

  /** @throws CONFLICT when the connection has ended meanwhile: its session would be nobody's */
  async #ready(connId: string): Promise<Recogniser> {
    const opening = { connId, gone: false };
    this.#opening.push(opening);
    try {
      const recogniser = await this.#loaded();
      await recogniser.setGrammar(this.#options.grammar());
      if (!opening.gone) return recogniser;
    } finally {
      this.#opening.splice(this.#opening.indexOf(opening), 1);
    }
    this.#restIfIdle();
    throw new BarnacleError("CONFLICT", "the connection has ended");
  }

  #begin(session: Open): void {
    session.turnId = `turn-${++session.turns}`;
    session.utterance = session.recogniser.begin();
    const { turnId } = session;
    this.#tell(session, "speechStart", { type: "turn.started", turnId, payload: {} });
  }

  #finish(session: Open): void {
    const { utterance, turnId } = session;
    session.utterance = undefined;
    if (!utterance || turnId === undefined) return;
    const heard = utterance.finish();
    // It is looked at when those before it are through.
    heard.catch(() => {});
    session.pending = session.pending.then(async () => {
      try {
        const { outcome, text, confidence } = await heard;
        if (!this.#open.has(session.id)) return;
        if (outcome === "transcript") {
          const done = { type: "transcript.done", turnId, final: true, payload: { text, confidence } };
          this.#tell(session, "transcript", done, { text, final: true });
        }
        const ended = { type: "turn.ended", turnId, final: true, payload: { outcome } };
        this.#tell(session, "transcript", ended, { text: "", final: true });
      } catch (error) {
        this.#fail(session, error);
      }
    });
  }

  #fail(session: Open, error: unknown): void {
    if (!this.#open.has(session.id)) return;
    const message = toBarnacleError(error).message;
    this.#options.log.warn({ problem: messageOf(error) }, "a transcription session failed");
    this.#tell(session, "error", { type: "session.error", final: true, payload: { message } }, { message });
    this.#end(session, "error");
  }

  #end(session: Open, reason: string): void {
    if (!this.#open.delete(session.id)) return;
    session.endTtl();
    session.utterance?.cancel();
    this.#tell(session, "close", { type: "session.closed", final: true, payload: { reason } }, { reason });
    this.#restIfIdle();
  }

  #restIfIdle(): void {
    if (this.#open.size > 0) return;
    this.#endIdle();
    this.#endIdle = this.#options.clock.after(IDLE_MS, () => void this.#release());
  }

  #tell(
    session: Open,
    type: TalkMessage["type"],
    event: { type: string; turnId?: string; final?: boolean; payload: unknown },
    more: Partial<TalkMessage> = {},
  ): void {
    const { clock, engine } = this.#options;
    const seq = ++session.seq;
    session.tell({
      ...{ transcriptionSessionId: session.id, type, ...more },
      talkEvent: {
        ...{ id: `${session.id}:${seq}`, sessionId: session.id, seq, timestamp: new Date(clock.now()).toISOString() },
        ...{ mode: "transcription", transport: "gateway-relay", brain: "none", provider: engine },
        ...event,
      },
    });
  }

  #known(connId: string, sessionId: string): Open {
    const session = this.#open.get(sessionId);
    if (session?.connId === connId) return session;
    throw new BarnacleError("NOT_FOUND", "unknown transcription session");
  }

  #loaded(): Promise<Recogniser> {
    const { create, grammar } = this.#options;
    this.#recogniser ??= create().then(async (recogniser) => {
      await recogniser.load(grammar());
      return recogniser;
    });
    const loading = this.#recogniser;
    loading.catch(() => {
      // The next session tries again.
      if (this.#recogniser === loading) this.#recogniser = undefined;
    });
    return loading;
  }

  async #release(): Promise<void> {
    this.#endIdle();
    if (this.#open.size + this.#opening.length > 0) return;
    const recogniser = this.#recogniser;
    this.#recogniser = undefined;
    await (await recogniser?.catch(() => undefined))?.close();
  }
}
