import { levelDbfs, SAMPLE_RATE, SampleRing, type Samples } from "@barnacle/hardware/audio";
import type { EndpointDecision } from "@barnacle/hardware/endpoint";
import type { Recognition, Utterance } from "@barnacle/hardware/speech";
import type { WakeEngine, WakeHit } from "@barnacle/hardware/wake";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { WakeEvent } from "@barnacle/protocol/mqtt";
import type { Unit } from "@barnacle/protocol/runtime";
import type { VoiceTurnReply } from "@barnacle/protocol/schema";
import { type Answerer, Answers } from "./answers.ts";
import { Backlog } from "./backlog.ts";
import { inTime } from "./in-time.ts";
import type { PipelineParts, PipelineState } from "./parts.ts";
import { Turn } from "./turn.ts";

export type { PipelineParts, PipelineState } from "./parts.ts";

/** Sound kept from before a detection: it holds the wake phrase, and a first word spoken without a pause after it. */
const PREROLL_MS = 1200;
const RING_S = 12;
const BACKLOG_S = 10;
const FINISH_MS = 10_000;
/** No engine takes this long for one frame; a recogniser at the end of an utterance is given up before. */
const STUCK_MS = 30_000;
/** Speech that ends this soon after the detection may be the wake phrase's own tail. */
const TAIL_MS = 600;

const samplesOf = (ms: number): number => Math.round((ms * SAMPLE_RATE) / 1000);
const msOf = (samples: number): number => (samples * 1000) / SAMPLE_RATE;

interface Exchange {
  readonly turn: Turn;
  utterance: Utterance;
  /** Stream position from which the end-of-speech detector counts. */
  endpointFrom: number;
  readonly detectedAt: number;
  secondChance: boolean;
  readonly cancelWatch: () => void;
}

/**
 * Microphone to reply: waits for a wake phrase, listens until the speaker pauses, recognises, reports the turn, and speaks
 * the hub's answer. While the node makes sound itself it hears nothing, since nothing here cancels its echo.
 */
export class Pipeline implements Unit {
  readonly #parts: PipelineParts;
  readonly #ring = new SampleRing(RING_S * SAMPLE_RATE);
  readonly #answers: Answerer;
  readonly #desk: Answers | undefined;
  #wake: WakeEngine;
  #state: PipelineState = "idle";
  readonly #backlog = new Backlog(BACKLOG_S * SAMPLE_RATE);
  #pumping: Promise<void> | undefined;
  /** When the frame that is being worked on was begun. */
  #hearingSince: number | undefined;
  #exchange: Exchange | undefined;
  /** Grows whenever what was heard is forgotten; results from before it don't count. */
  #epoch = 0;
  #quietWaiters: (() => void)[] = [];
  #replying: Promise<void> = Promise.resolve();
  #dropSpeaker: (() => void) | undefined;
  #complained = false;
  #bargedIn = false;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#wake = parts.wake;
    this.#desk = parts.answers ? undefined : new Answers(parts);
    this.#answers = parts.answers ?? (this.#desk as Answers);
  }

  get state(): PipelineState {
    return this.#state;
  }

  get wakeEngine(): { name: string; phrases: readonly string[] } {
    return this.#wake;
  }

  /** Engines must be loaded. */
  async start(): Promise<void> {
    this.#parts.ears.listen({
      frame: (samples) => this.#frame(samples),
      status: (status) => {
        this.#parts.events.emit("state", { part: "microphone", ...status });
        if (status.muted) this.#silence();
        else if (status.state !== "running" && status.state !== "starting") this.#cutShort();
      },
    });
    this.#dropSpeaker = this.#parts.speaker.onActive((active) => {
      if (!active && this.#state === "idle") this.#forget();
    });
    await this.#parts.ears.start();
  }

  async stop(): Promise<void> {
    this.#dropSpeaker?.();
    await this.#parts.ears.stop();
    this.#abandon("the node is stopping");
    this.#answers.giveUp();
    this.#parts.speaker.hush();
    await this.#pumping;
    await this.#replying;
  }

  /** Set when an engine does not come back with a frame: nothing is heard any more, and nothing but a restart helps. */
  ailment(): string | undefined {
    const forMs = this.#parts.clock.monotonic() - (this.#hearingSince ?? Number.POSITIVE_INFINITY);
    return forMs > STUCK_MS ? `the voice engines hang since ${Math.round(forMs / 1000)} s` : undefined;
  }

  /** Resolves when the node may make sound: nobody is being listened to. */
  quiet(): Promise<void> {
    if (this.#state === "idle" || this.#state === "replying") return Promise.resolve();
    return new Promise((resolve) => this.#quietWaiters.push(resolve));
  }

  /** The hub's answer. One that nobody waits for is not spoken. */
  reply(reply: VoiceTurnReply): void {
    this.#desk?.deliver(reply);
  }

  /** Listens as after a wake phrase. @returns false when it is busy, or hears nothing */
  listen(): boolean {
    if (this.#state !== "idle" || this.#parts.speaker.active || this.#parts.ears.status.state !== "running")
      return false;
    const hit = { phrase: "talk.start", score: 1, atSample: this.#ring.end };
    this.#begin(hit, this.#parts.clock.monotonic()).catch((error: unknown) => this.#abandon(messageOf(error)));
    return true;
  }

  /** A button to talk: listens, and ends an answer that is being given for that. @returns false when it cannot */
  talk(): boolean {
    if (this.#state !== "replying" || this.#parts.ears.status.state !== "running") return this.listen();
    this.#interrupt();
    return true;
  }

  /** Takes what was said so far as the whole utterance. @returns false when nobody is listened to */
  finish(): boolean {
    const listening = this.#state === "listening";
    if (listening) this.#cutShort();
    return listening;
  }

  /** Forgets what was said so far. @returns false when nobody is listened to */
  cancel(): boolean {
    const listening = this.#state === "listening";
    if (listening) this.#abandon("cancelled");
    return listening;
  }

  /** Listens with another engine, already loaded, from the next frame on. The old one is the caller's to close. */
  replaceWake(next: WakeEngine): void {
    this.#wake = next;
    if (this.#state === "idle") this.#forget();
  }

  #frame(samples: Samples): void {
    if (!this.#parts.bargeIn && this.#deaf()) return;
    const dropped = this.#backlog.push({ samples, at: this.#parts.clock.monotonic() });
    if (dropped > 0) this.#parts.counters.add("droppedFrames", dropped);
    this.#pump();
  }

  #pump(): void {
    this.#pumping ??= this.#drain().finally(() => {
      this.#pumping = undefined;
      if (!this.#backlog.empty) this.#pump();
    });
  }

  async #drain(): Promise<void> {
    for (let frame = this.#backlog.take(); frame; frame = this.#backlog.take()) {
      this.#hearingSince = this.#parts.clock.monotonic();
      try {
        await this.#hear(frame.samples, frame.at);
      } catch (error) {
        this.#parts.counters.add("engineErrors");
        if (!this.#complained) this.#parts.log.error({ reason: messageOf(error) }, "a voice engine failed; going on");
        this.#complained = true;
        this.#abandon(messageOf(error));
      } finally {
        this.#hearingSince = undefined;
      }
    }
  }

  /** While the node makes sound, or owes an answer, nobody is listened to. */
  #deaf(): boolean {
    return this.#state === "replying" || this.#parts.speaker.active;
  }

  /** With `bargeIn` the wake phrase alone is listened for while the node speaks; it ends the answer. */
  async #overhear(samples: Samples): Promise<void> {
    const [hit] = await this.#wake.process(samples);
    if (!hit || this.#state !== "replying") return;
    this.#interrupt();
  }

  #interrupt(): void {
    if (this.#bargedIn) return;
    this.#bargedIn = true;
    this.#parts.counters.add("bargeIns");
    this.#answers.interrupt();
    this.#parts.speaker.hush();
  }

  async #hear(samples: Samples, arrivedAt: number): Promise<void> {
    if (this.#deaf()) return this.#overhear(samples);
    this.#ring.write(samples);
    const exchange = this.#exchange;
    if (exchange) {
      exchange.utterance.feed(samples);
      exchange.turn.fed += samples.length;
      await this.#judge(exchange, await this.#parts.endpoint.process(samples));
      return;
    }
    const epoch = this.#epoch;
    const [hit] = await this.#wake.process(samples);
    if (hit && epoch === this.#epoch && this.#state === "idle") await this.#begin(hit, arrivedAt);
  }

  async #begin(hit: WakeHit, arrivedAt: number): Promise<void> {
    const { clock, random, counters, events, publishWake, endpoint, limitMs } = this.#parts;
    const origin = clock.monotonic();
    const startedAt = Math.floor(clock.now());
    const detectedAt = Math.min(hit.atSample, this.#ring.end);
    const before = this.#ring.read(Math.max(this.#ring.start, detectedAt - SAMPLE_RATE), detectedAt);
    const turn = new Turn(
      random.uuid(),
      {
        engine: this.#wake.name,
        phrase: hit.phrase,
        score: Math.min(1, Math.max(0, hit.score)),
        latencyMs: Math.round((origin - arrivedAt) * 10) / 10,
        loudnessDbfs: Math.min(0, Math.round(levelDbfs(before) * 10) / 10),
      },
      { startedAt, origin },
      this.#parts.room(),
    );
    counters.add("wakes");
    const event: WakeEvent = { ...turn.wake, turnId: turn.turnId, heardAt: startedAt };
    publishWake(event);
    events.emit("wake", event);
    const recogniser = this.#parts.recogniser();
    if (typeof recogniser === "string") {
      this.#conclude(turn, { outcome: "failed", reason: recogniser });
      return;
    }
    const utterance = recogniser.begin();
    const spoken = this.#ring.read(Math.max(this.#ring.start, detectedAt - samplesOf(PREROLL_MS)));
    utterance.feed(spoken);
    turn.fed = spoken.length;
    endpoint.reset();
    const cancelWatch = clock.after(limitMs + FINISH_MS, () => this.#cutShort());
    const exchange = { turn, utterance, endpointFrom: detectedAt, detectedAt, secondChance: true, cancelWatch };
    this.#exchange = exchange;
    this.#enter("listening");
    const rest = this.#ring.read(detectedAt);
    if (rest.length > 0) await this.#judge(exchange, await endpoint.process(rest));
  }

  async #judge(exchange: Exchange, decision: EndpointDecision): Promise<void> {
    if (this.#exchange !== exchange || decision.kind === "waiting" || decision.kind === "speech") return;
    await this.#finish(exchange, decision);
  }

  /** The source fell silent for good: whatever was said so far is the utterance. */
  #cutShort(): void {
    const exchange = this.#exchange;
    if (!exchange || this.#state !== "listening") return;
    const speechEndSample = Math.max(0, this.#ring.end - exchange.endpointFrom);
    const decision = { kind: "end", reason: "limit", speechStartSample: 0, speechEndSample } as const;
    this.#finish(exchange, decision).catch((error: unknown) => this.#abandon(messageOf(error)));
  }

  async #finish(exchange: Exchange, decision: Extract<EndpointDecision, { kind: "end" | "no-speech" }>): Promise<void> {
    const { clock, log } = this.#parts;
    const { turn } = exchange;
    this.#enter("recognising");
    const decidedAt = turn.since(clock.monotonic());
    let result: Recognition | { outcome: "failed"; reason: string };
    try {
      result = await inTime(clock, FINISH_MS, "the recogniser did not answer", exchange.utterance.finish());
    } catch (error) {
      log.warn({ turnId: turn.turnId, reason: messageOf(error) }, "recognition failed");
      result = { outcome: "failed", reason: messageOf(error) };
    }
    if (this.#exchange !== exchange) return;
    // All that the recogniser had was the wake phrase of the pre-roll; the end-of-speech detector knows that nobody spoke.
    if (decision.kind === "no-speech" && result.outcome === "rejected") result = { ...result, outcome: "no-speech" };
    const spokenSamples = decision.kind === "end" ? decision.speechEndSample : this.#ring.end - exchange.endpointFrom;
    if (this.#mayGoOn(exchange, decision, result.outcome)) {
      await this.#listenOn(exchange, spokenSamples);
      return;
    }
    const speechEnd = exchange.endpointFrom + spokenSamples;
    const listenedMs = Math.min(decidedAt, msOf(speechEnd - exchange.detectedAt));
    turn.stage("listen", 0, listenedMs);
    turn.stage("endpoint", listenedMs, decidedAt);
    turn.stage("recognise", decidedAt, turn.since(clock.monotonic()));
    this.#conclude(turn, result);
  }

  /** People pause after the wake phrase; its tail alone must not count as the whole utterance. */
  #mayGoOn(exchange: Exchange, decision: EndpointDecision, outcome: string): boolean {
    if (!exchange.secondChance || outcome === "transcript" || outcome === "failed") return false;
    return decision.kind === "end" && decision.reason === "silence" && msOf(decision.speechEndSample) < TAIL_MS;
  }

  async #listenOn(exchange: Exchange, speechEndSample: number): Promise<void> {
    const recogniser = this.#parts.recogniser();
    if (typeof recogniser === "string") throw new BarnacleError("HARDWARE_UNAVAILABLE", recogniser);
    exchange.secondChance = false;
    exchange.endpointFrom += speechEndSample;
    exchange.utterance = recogniser.begin();
    this.#parts.endpoint.reset();
    this.#enter("listening");
    const since = this.#ring.read(exchange.endpointFrom);
    exchange.utterance.feed(since);
    await this.#judge(exchange, await this.#parts.endpoint.process(since));
  }

  /** The utterance is over, whatever came of it: report it and see to the answer. */
  #conclude(turn: Turn, result: Recognition | { outcome: "failed"; reason: string }): void {
    const { events, counters, report, log } = this.#parts;
    this.#exchange?.cancelWatch();
    this.#exchange = undefined;
    if (result.outcome !== "failed") {
      const { outcome, text, confidence, engine, nearest } = result;
      const heard = { turnId: turn.turnId, outcome, text, confidence, recogniser: engine };
      events.emit("transcript", nearest === undefined ? heard : { ...heard, nearest });
    }
    counters.add(result.outcome === "transcript" ? "transcripts" : result.outcome);
    const message = turn.report(result, SAMPLE_RATE);
    this.#enter("replying");
    // The answer is waited for before the report leaves: a hub on the same board answers within a millisecond.
    this.#replying = this.#answers
      .see(turn, message)
      .catch((error: unknown) => {
        log.error({ turnId: turn.turnId, reason: messageOf(error) }, "the turn could not be brought to its end");
      })
      .then(() => {
        this.#enter("idle");
        this.#forget();
        if (this.#bargedIn) this.listen();
        this.#bargedIn = false;
      });
    report(message);
    events.emit("turn", message);
  }

  /** The microphone was closed: nothing heard before it may be of any use afterwards. */
  #silence(): void {
    this.#abandon("the microphone was muted");
    this.#forget();
  }

  /** Gives up the utterance under way, if any, and says so in its report. */
  #abandon(reason: string): void {
    this.#backlog.clear();
    const exchange = this.#exchange;
    if (!exchange) return;
    exchange.utterance.cancel();
    this.#exchange = undefined;
    exchange.cancelWatch();
    this.#parts.counters.add("abandoned");
    const message = exchange.turn.report({ outcome: "failed", reason }, SAMPLE_RATE);
    this.#parts.report(message);
    this.#parts.events.emit("turn", message);
    this.#enter("idle");
    this.#forget();
  }

  /** Starts hearing afresh: what was heard before (the node's own voice, say) must not complete a detection. */
  #forget(): void {
    this.#epoch += 1;
    this.#backlog.clear();
    this.#ring.reset();
    this.#wake.reset();
  }

  #enter(state: PipelineState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#parts.events.emit("state", { part: "pipeline", state });
    if (state !== "idle" && state !== "replying") return;
    for (const go of this.#quietWaiters.splice(0)) go();
  }
}
