import { createHash } from "node:crypto";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { WakeEvent } from "@barnacle/protocol/mqtt";
import { type Clock, Events, type Log, type Random, type Unit } from "@barnacle/protocol/runtime";
import type { VoiceTurnReport, VoiceTurnSpoken } from "@barnacle/protocol/schema";
import type { HouseholdModel } from "../household/index.ts";
import type {
  Commands,
  Devices,
  Inbox,
  NodeMessenger,
  Principal,
  Router,
  TurnRecord,
  VoiceTurns,
} from "../services.ts";
import type { Store } from "../store/index.ts";
import { Answerer } from "./answerer.ts";
import type { Otherwise, Plan, Responder } from "./plan.ts";
import { incoming, outgoing, shape, spokenTurn, typedTurn } from "./records.ts";
import { endOf, HubSpans } from "./spans.ts";
import { type StoredTurn, TurnTable } from "./turn-table.ts";

/** Who has waited longer than this for an answer has given up. */
const FRESH_MS = 30_000;
const WAKES_KEPT = 200;
const LIST_LIMIT = 50;
const STOP_PATIENCE_MS = 2_000;

export interface VoiceTurnsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly inbox: Inbox;
  readonly devices: Pick<Devices, "events" | "get">;
  readonly commands: Commands;
  readonly router: Router;
  readonly household: Pick<HouseholdModel, "room" | "rooms">;
  readonly messenger: Pick<NodeMessenger, "reply">;
  /** Asked in order. */
  readonly responders: readonly Responder[];
  /** Answers what none of them understands; undefined: it does not either. */
  readonly otherwise?: Otherwise;
}

/** Voice exchanges: stored before they are acknowledged, answered once, resumed when a restart cut them short. */
export class VoiceTurnService implements VoiceTurns, Unit {
  readonly events = new Events<{ updated: { readonly turn: TurnRecord } }>();
  readonly #options: VoiceTurnsOptions;
  readonly #table: TurnTable;
  readonly #answerer: Answerer;
  /** By turn id, while it is being answered. */
  readonly #running = new Map<string, Promise<TurnRecord>>();
  /** When the hub heard of a wake, by turn id: tells how old a turn is even when the node's clock is wrong. */
  readonly #wakes = new Map<string, number>();
  readonly #waiting = new Map<string, () => void>();

  constructor(options: VoiceTurnsOptions) {
    this.#options = options;
    this.#table = new TurnTable(options.store);
    this.#answerer = new Answerer(options);
  }

  async start(): Promise<void> {
    const now = this.#options.clock.now();
    for (const stored of this.#table.open(now - FRESH_MS)) await this.#resume(stored, now);
  }

  async stop(): Promise<void> {
    this.#options.devices.events.dropOwner(this);
    for (const cancel of [...this.#waiting.values()]) cancel();
    this.#waiting.clear();
    let giveUp = (): void => {};
    const patience = new Promise<void>((resolve) => {
      giveUp = this.#options.clock.after(STOP_PATIENCE_MS, resolve);
    });
    await Promise.race([Promise.allSettled([...this.#running.values()]), patience]);
    giveUp();
  }

  async wake(_deviceId: string, event: WakeEvent): Promise<void> {
    this.#wakes.set(event.turnId, this.#options.clock.now());
    const oldest = this.#wakes.keys().next().value;
    if (this.#wakes.size > WAKES_KEPT && oldest !== undefined) this.#wakes.delete(oldest);
  }

  async receive(deviceId: string, report: VoiceTurnReport): Promise<void> {
    const { clock, devices, log } = this.#options;
    const known = this.#table.get(report.turnId);
    if (known) {
      // Sent again because the acknowledgement was lost; the reply may have been lost with it.
      if (known.turn.deviceId === deviceId && known.turn.status === "done") this.#replyIfAwaited(known, clock.now());
      return;
    }
    const now = clock.now();
    const room = devices.get(deviceId)?.room ?? report.room;
    const turn = spokenTurn(deviceId, room, report);
    const principal = this.#speaker(turn);
    const ageMs = this.#age(report, now);
    const late = ageMs > FRESH_MS;
    const stored: TurnRecord = late ? { ...turn, ...tooLate(ageMs) } : turn;
    const { created } = await this.#enter(stored, principal, now);
    if (!created) return;
    this.events.emit("updated", { turn: stored });
    if (late) log.warn({ turnId: turn.turnId, ageMs }, "a turn arrived too late to be acted on");
    else
      void this.#begin(
        stored,
        principal,
        undefined,
        new HubSpans(clock, turn.spans, now - turn.startedAt - endOf(turn.spans)),
      );
  }

  async spoken(deviceId: string, report: VoiceTurnSpoken): Promise<void> {
    // The answer is stored after the reply was sent off, so a quick node may be ahead of it.
    await this.#running.get(report.turnId);
    const stored = this.#table.get(report.turnId);
    if (stored?.turn.deviceId !== deviceId || stored.turn.replySpoken !== undefined) return;
    const { turn } = stored;
    await this.#save({
      ...turn,
      replySpoken: report.spoken,
      ...(report.spoken || report.reason === undefined ? {} : { reason: report.reason }),
      spans: [...turn.spans, ...report.spans],
    });
  }

  async ask(
    text: string,
    options: { room?: string; principal: Principal; idempotencyKey?: string; origin?: "run" },
  ): Promise<TurnRecord> {
    const { clock, random, household } = this.#options;
    const { principal, idempotencyKey } = options;
    const turnId =
      idempotencyKey === undefined
        ? random.uuid()
        : `${options.origin ?? "ask"}-${digest(`${principal.id}\n${idempotencyKey}`)}`;
    const running = this.#running.get(turnId);
    if (running) return running;
    const before = this.#table.get(turnId);
    if (before) return before.turn;
    const room =
      options.room === undefined
        ? undefined
        : (household.room(options.room) ?? unknownRoom(options.room, household.rooms()));
    const now = clock.now();
    const turn = typedTurn(turnId, text, room, now);
    const asker = { ...principal, ...(room === undefined ? {} : { room }) };
    const { created } = await this.#enter(turn, asker, now);
    // Another call with the same key was quicker.
    if (!created) return this.#running.get(turnId) ?? (this.#table.get(turnId)?.turn as TurnRecord);
    this.events.emit("updated", { turn });
    return this.#begin(turn, asker, undefined, new HubSpans(clock, [], undefined));
  }

  understands(text: string): boolean {
    return this.#options.responders.some((responder) => responder.understands(text));
  }

  async list(options: { limit?: number; before?: number }): Promise<readonly TurnRecord[]> {
    return this.#table.list(options.limit ?? LIST_LIMIT, options.before ?? Number.MAX_SAFE_INTEGER);
  }

  async get(turnId: string): Promise<TurnRecord | undefined> {
    return this.#table.get(turnId)?.turn;
  }

  /** The message and its turn, in one transaction. */
  #enter(turn: TurnRecord, principal: Principal, receivedAt: number) {
    return this.#options.inbox.enter(incoming(turn, principal), ({ created }) => {
      if (created) this.#table.insert(turn, receivedAt);
    });
  }

  #begin(turn: TurnRecord, principal: Principal, kept: Plan | undefined, spans: HubSpans): Promise<TurnRecord> {
    const answered = this.#answer(turn, principal, kept, spans);
    this.#running.set(turn.turnId, answered);
    const over = () => this.#running.delete(turn.turnId);
    answered.then(over, (error) => {
      over();
      this.#options.log.error({ turnId: turn.turnId, reason: messageOf(error) }, "a turn could not be stored");
    });
    return answered;
  }

  async #answer(turn: TurnRecord, principal: Principal, kept: Plan | undefined, spans: HubSpans): Promise<TurnRecord> {
    const answered = await this.#answerer.answer(turn, principal, kept, spans, (planned, plan) =>
      this.#save(planned, plan),
    );
    const start = spans.now();
    // Stored before it is sent: whoever hears the reply can look the turn up.
    const stored: TurnRecord = { ...answered, status: "done", spans: spans.all() };
    const failure = await this.#keep(stored, principal);
    this.#reply(stored);
    // What was done is said even when it cannot be written down; a restart then finds the turn unfinished.
    if (failure) throw failure.error;
    spans.add("reply", start, spans.now() - start);
    const done = { ...stored, spans: spans.all() };
    await this.#save(done);
    return done;
  }

  async #keep(turn: TurnRecord, principal: Principal): Promise<{ readonly error: unknown } | undefined> {
    try {
      if (turn.reply) await this.#options.inbox.enter(outgoing(turn, principal, this.#options.clock.now()));
      await this.#table.save(turn);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  async #save(turn: TurnRecord, plan?: Plan): Promise<void> {
    await this.#table.save(turn, plan);
    this.events.emit("updated", { turn });
  }

  #reply({ source, deviceId, turnId, reply = "", intent, ok }: TurnRecord): void {
    if (source !== "voice" || deviceId === undefined) return;
    this.#options.messenger.reply(deviceId, { turnId, text: reply, ...(intent === undefined ? {} : { intent }), ok });
  }

  #replyIfAwaited({ turn, receivedAt }: StoredTurn, now: number): void {
    if (turn.replySpoken === undefined && now - receivedAt <= FRESH_MS) this.#reply(turn);
  }

  /** After a restart: goes on with what is fresh once its node is back, and says of the rest that it failed. */
  async #resume(stored: StoredTurn, now: number): Promise<void> {
    const { turn, receivedAt, plan } = stored;
    const left = FRESH_MS - Math.abs(now - receivedAt);
    if (turn.source === "text" || turn.deviceId === undefined) {
      if (turn.status !== "done") await this.#fail(stored, "the hub was restarted while it answered");
      return;
    }
    if (turn.status !== "done" && left <= 0)
      return this.#fail(stored, "the hub was restarted, and the turn was too old to go on with");
    if (turn.status === "done" && (turn.replySpoken !== undefined || left <= 0)) return;
    this.#whenOnline(turn.turnId, turn.deviceId, left, (online) => {
      if (turn.status === "done") {
        if (online) this.#replyIfAwaited(stored, this.#options.clock.now());
      } else if (online) {
        void this.#begin(turn, this.#speaker(turn), plan, new HubSpans(this.#options.clock, turn.spans, 0));
      } else {
        void this.#fail(stored, "the hub was restarted, and the node did not come back in time");
      }
    });
  }

  #whenOnline(turnId: string, deviceId: string, forMs: number, go: (online: boolean) => void): void {
    const { devices, clock } = this.#options;
    if (devices.get(deviceId)?.online) {
      go(true);
      return;
    }
    const settle = (online: boolean) => {
      cancel();
      this.#waiting.delete(turnId);
      go(online);
    };
    const cancelTimer = clock.after(forMs, () => settle(false));
    const forget = devices.events.on(
      "presence",
      ({ device, online }) => online && device.deviceId === deviceId && settle(true),
      this,
    );
    const cancel = () => {
      cancelTimer();
      forget();
    };
    this.#waiting.set(turnId, cancel);
  }

  /** A turn whose plan is on disk may have had its commands carried out, and their results lost. */
  async #fail({ turn, plan }: StoredTurn, why: string): Promise<void> {
    const begun = (plan?.steps.length ?? 0) > 0;
    const reason = begun ? `${why}; whether it was done is not known` : why;
    const error = shape(begun ? "COMMAND_OUTCOME_UNKNOWN" : "HUB_STOPPING", reason);
    try {
      await this.#save({ ...turn, status: "failed", ok: false, reason, error });
    } catch (error) {
      this.#options.log.error({ turnId: turn.turnId, reason: messageOf(error) }, "a turn could not be stored");
    }
  }

  /** Since the wake by the hub's own clock if it heard of it, else by comparing the two clocks. */
  #age(report: VoiceTurnReport, now: number): number {
    const heard = this.#wakes.get(report.turnId);
    return heard === undefined ? Math.abs(now - report.startedAt) : now - heard;
  }

  #speaker(turn: TurnRecord): Principal {
    const id = turn.deviceId ?? "";
    const name = this.#options.devices.get(id)?.displayName;
    return {
      kind: "voice",
      id,
      ...(name === undefined ? {} : { name }),
      ...(turn.room === undefined ? {} : { room: turn.room }),
    };
  }
}

function tooLate(ageMs: number): Partial<TurnRecord> {
  const reason = `arrived ${Math.round(ageMs / 1000)} s after it was spoken, so it was not acted on`;
  return { status: "failed", ok: false, reason, error: shape("TIMEOUT", reason) };
}

function unknownRoom(room: string, rooms: readonly string[]): never {
  throw new BarnacleError("NOT_FOUND", `no room "${room}"; there are: ${rooms.join(", ") || "none"}`);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 40);
}
