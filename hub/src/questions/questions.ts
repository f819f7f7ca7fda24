import { BarnacleError } from "@barnacle/protocol/errors";
import { type Clock, Events, type Random, type Unit } from "@barnacle/protocol/runtime";
import type { Principal, QuestionAnswers, QuestionAsk, QuestionItem, QuestionRecord, Questions } from "../services.ts";
import type { Row, Store } from "../store/index.ts";

const DEFAULT_TIMEOUT_MS = 15 * 60_000;
const LONGEST_TIMEOUT_MS = 24 * 60 * 60_000;
const KEEP_MS = 30 * 24 * 60 * 60_000;
const MASKED = ["***"];

type Content = Pick<QuestionRecord, "questions" | "agentId" | "sessionKey" | "runId">;

/** Questions in the hub's store. */
export class StoredQuestions implements Questions, Unit {
  readonly events: Questions["events"] = new Events();
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #waiting = new Map<string, Set<(record: QuestionRecord) => void>>();
  readonly #timers = new Map<string, () => void>();

  constructor(options: { store: Store; clock: Clock; random: Random }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  async start(): Promise<void> {
    this.#store.transaction(() =>
      this.#store.run("DELETE FROM questions WHERE expires_at < ?", this.#clock.now() - KEEP_MS),
    );
    for (const record of this.pending()) this.#expireLater(record);
  }

  async stop(): Promise<void> {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#waiting.clear();
  }

  async request({ id, timeoutMs, ...content }: QuestionAsk): Promise<QuestionRecord> {
    const createdAtMs = this.#clock.now();
    const lasts = Math.min(Math.max(1, timeoutMs ?? DEFAULT_TIMEOUT_MS), LONGEST_TIMEOUT_MS);
    const record: QuestionRecord = {
      ...{ ...content, id: id ?? this.#random.uuid(), status: "pending" },
      ...{ createdAtMs, expiresAtMs: createdAtMs + lasts },
    };
    await this.#store.commit(() => {
      if (this.get(record.id)) throw new BarnacleError("CONFLICT", "question id already in use");
      this.#store.run(
        "INSERT INTO questions (id, status, content, created_at, expires_at) VALUES (?, 'pending', ?, ?, ?)",
        record.id,
        JSON.stringify(content satisfies Content),
        createdAtMs,
        record.expiresAtMs,
      );
    });
    this.#expireLater(record);
    this.events.emit("requested", { question: record });
    return record;
  }

  wait(id: string, timeoutMs?: number): Promise<QuestionRecord> {
    const record = this.#known(id);
    if (record.status !== "pending") return Promise.resolve(record);
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, waiting);
      let cancel = () => {};
      const done = (end: QuestionRecord) => {
        cancel();
        waiting.delete(done);
        resolve(end);
      };
      waiting.add(done);
      if (timeoutMs !== undefined) cancel = this.#clock.after(timeoutMs, () => done(this.get(id) ?? record));
    });
  }

  get(id: string): QuestionRecord | undefined {
    const row = this.#store.one("SELECT * FROM questions WHERE id = ?", id);
    return row && recordOf(row);
  }

  pending(): readonly QuestionRecord[] {
    return this.#store.all("SELECT * FROM questions WHERE status = 'pending' ORDER BY created_at, id").map(recordOf);
  }

  async resolve(id: string, answers: QuestionAnswers | undefined, by: Principal): Promise<QuestionRecord> {
    const record = this.#known(id);
    if (answers) checkAnswers(record, answers);
    const status = answers ? "answered" : "cancelled";
    const ended = await this.#end(record, status, answers, by.name ?? by.id);
    if (ended) return ended;
    throw new BarnacleError("CONFLICT", `question already ${this.#known(id).status}`);
  }

  #known(id: string): QuestionRecord {
    const record = this.get(id);
    if (record) return record;
    throw new BarnacleError("NOT_FOUND", "question expired or not found");
  }

  #expireLater(record: QuestionRecord): void {
    const cancel = this.#clock.after(Math.max(0, record.expiresAtMs - this.#clock.now()), () => {
      this.#end(record, "expired", undefined, undefined).catch(() => {
        // The store is closing; the next start ends it.
      });
    });
    this.#timers.set(record.id, cancel);
  }

  /** The first end counts. @returns the record with the answers as they were given; undefined when it was over */
  async #end(
    record: QuestionRecord,
    status: "answered" | "cancelled" | "expired",
    answers: QuestionAnswers | undefined,
    resolvedBy: string | undefined,
  ): Promise<QuestionRecord | undefined> {
    const { id } = record;
    const kept = answers && withoutSecrets(record.questions, answers);
    const first = await this.#store.commit(
      () =>
        this.#store.run(
          `UPDATE questions SET status = ?, answers = ?, resolved_by = ?, resolved_at = ?
             WHERE id = ? AND status = 'pending'`,
          status,
          kept ? JSON.stringify(kept) : null,
          resolvedBy ?? null,
          this.#clock.now(),
          id,
        ) === 1,
    );
    if (!first) return undefined;
    this.#timers.get(id)?.();
    this.#timers.delete(id);
    const ended = { ...record, status, ...(answers ? { answers } : {}), ...(resolvedBy ? { resolvedBy } : {}) };
    for (const done of [...(this.#waiting.get(id) ?? [])]) done(ended);
    this.#waiting.delete(id);
    this.events.emit("resolved", { question: { ...ended, ...(kept ? { answers: kept } : {}) } });
    return ended;
  }
}

function checkAnswers({ questions }: QuestionRecord, answers: QuestionAnswers): void {
  for (const [questionId, given] of Object.entries(answers)) {
    const question = questions.find((one) => one.questionId === questionId);
    if (!question) throw new BarnacleError("INPUT_INVALID", `no question has the id ${questionId.slice(0, 80)}`);
    if (given.length > 1 && !question.multiSelect) {
      throw new BarnacleError("INPUT_INVALID", `the question ${questionId} takes one answer, got ${given.length}`);
    }
  }
  const missing = questions.find(({ questionId }) => !(questionId in answers));
  if (missing) throw new BarnacleError("INPUT_INVALID", `the question ${missing.questionId} has no answer`);
}

function withoutSecrets(questions: readonly QuestionItem[], answers: QuestionAnswers): QuestionAnswers {
  const secret = new Set(questions.filter((one) => one.isSecret).map((one) => one.questionId));
  return Object.fromEntries(Object.entries(answers).map(([id, given]) => [id, secret.has(id) ? MASKED : given]));
}

function recordOf(row: Row): QuestionRecord {
  return {
    ...(JSON.parse(String(row.content)) as Content),
    id: String(row.id),
    status: row.status as QuestionRecord["status"],
    ...(row.answers === null ? {} : { answers: JSON.parse(String(row.answers)) as QuestionAnswers }),
    ...(row.resolved_by === null ? {} : { resolvedBy: String(row.resolved_by) }),
    createdAtMs: Number(row.created_at),
    expiresAtMs: Number(row.expires_at),
  };
}
