import { BarnacleError, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { Clock, Log } from "@barnacle/protocol/runtime";
import {
  type CommandRequest,
  type CommandResult,
  type CommandSpec,
  type JsonObject,
  matchesCommand,
  pinAnswer,
  pinParams,
  type Validator,
  validator,
} from "@barnacle/protocol/schema";
import type { TSchema } from "@sinclair/typebox";
import type { Counters } from "../telemetry/counters.ts";
import type { Command } from "./command.ts";
import { fingerprintOf, type Journal } from "./journal.ts";

interface Known {
  readonly command: Command;
  readonly params: Validator<TSchema>;
}

export interface ExecutorParts {
  readonly commands: readonly Command[];
  readonly journal: Journal;
  /** Names or groups (`gpio.*`) that this node refuses whoever asks. */
  readonly deny: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/**
 * Executes commands at most once per idempotency key, over restarts and power cuts: a start is on disk before the first
 * effect, a result before it is reported. A key seen again gets the first result; where there is none, because the node
 * went down in between, what can be seen of the effect, or that the outcome is unknown. It is never executed again.
 */
export class Executor {
  readonly #parts: ExecutorParts;
  readonly #commands = new Map<string, Known>();
  readonly #running = new Map<string, { fingerprint: string; result: Promise<CommandResult> }>();

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
    for (const command of parts.commands) {
      this.#commands.set(command.spec.name, { command, params: validator(command.params) });
    }
  }

  /** What the node offers now: neither denied nor without its hardware. */
  specs(): CommandSpec[] {
    return this.#parts.commands
      .filter((command) => !this.#denied(command.spec.name) && command.unavailable?.() === undefined)
      .map((command) => command.spec);
  }

  /** Never rejects: refusals and failures are results. */
  async execute(request: CommandRequest): Promise<CommandResult> {
    const arrived = this.#parts.clock.monotonic();
    const twin = this.#running.get(request.idempotencyKey);
    if (twin) {
      if (twin.fingerprint !== fingerprintOf(request)) return this.#conflict(request);
      return this.#repeat(request, await twin.result);
    }
    const run = this.#once(request, arrived);
    this.#running.set(request.idempotencyKey, { fingerprint: fingerprintOf(request), result: run });
    try {
      return await run;
    } finally {
      this.#running.delete(request.idempotencyKey);
    }
  }

  async #once(request: CommandRequest, arrived: number): Promise<CommandResult> {
    const { journal, clock, log, counters } = this.#parts;
    const startedAt = Math.floor(clock.now());
    const refuse = (error: BarnacleError): CommandResult => this.#failure(request, error, startedAt, 0);
    const entry = journal.lookup(request);
    if (entry.kind === "finished") return this.#repeat(request, entry.result);
    if (entry.kind === "conflict") return this.#conflict(request);
    const known = this.#commands.get(request.command);
    if (entry.kind === "interrupted" && !known?.command.looksOnly) {
      return this.#keep(request, await this.#afterwards(known, request, entry.startedAt));
    }
    if (!known) return refuse(new BarnacleError("COMMAND_UNKNOWN", `no command ${request.command} on this node`));
    let params: unknown;
    try {
      params = this.#admit(known, request);
    } catch (error) {
      return refuse(toBarnacleError(error));
    }
    const expired = (): boolean => clock.monotonic() - arrived >= request.timeoutMs;
    if (expired()) return refuse(tooLate(request));
    try {
      if (!known.command.looksOnly) journal.started(request, startedAt);
    } catch (error) {
      const text = `${request.command} was not started, because that could not be written down: ${messageOf(error)}`;
      return refuse(new BarnacleError("STATE_UNWRITABLE", text, { cause: error }));
    }
    const began = clock.monotonic();
    try {
      const call = { commandId: request.commandId, turnId: request.turnId, expired };
      const payload = await known.command.run(params, call);
      counters.add("commands");
      return this.#keep(request, this.#success(request, payload, startedAt, clock.monotonic() - began));
    } catch (error) {
      const failure = toBarnacleError(error, "COMMAND_FAILED");
      log.warn({ command: request.command, code: failure.code, reason: failure.message }, "command failed");
      counters.add("commandsFailed");
      return this.#keep(request, this.#failure(request, failure, startedAt, clock.monotonic() - began));
    }
  }

  /** What is known of a command that was begun and whose result is not on record. Looks, and never acts. */
  async #afterwards(known: Known | undefined, request: CommandRequest, startedAt: number): Promise<CommandResult> {
    let why = `${request.command} was under way when the node went down`;
    try {
      const seen = known && (await known.command.already?.(this.#admit(known, request)));
      if (seen) return this.#success(request, seen, startedAt, 0);
    } catch (error) {
      why += `, and what came of it cannot be looked at: ${messageOf(error)}`;
    }
    return this.#failure(request, new BarnacleError("COMMAND_OUTCOME_UNKNOWN", why), startedAt, 0);
  }

  /** The command has happened by now: when its result can't be written down it is told all the same. */
  #keep(request: CommandRequest, result: CommandResult): CommandResult {
    try {
      this.#parts.journal.finished(request, result);
    } catch (error) {
      const { command, idempotencyKey } = request;
      this.#parts.log.error(
        { command, idempotencyKey, reason: messageOf(error) },
        "a result could not be written down",
      );
    }
    return result;
  }

  /** Local policy, availability, parameters. @throws POLICY_DENIED, HARDWARE_UNAVAILABLE, COMMAND_PARAMS */
  #admit({ command, params }: Known, request: CommandRequest): unknown {
    const { name } = command.spec;
    if (this.#denied(name)) {
      throw new BarnacleError("POLICY_DENIED", `${name} is denied by this node's own configuration`, {
        hint: "Remove it from deny in the node's configuration.",
      });
    }
    const reason = command.unavailable?.();
    if (reason !== undefined) throw new BarnacleError("HARDWARE_UNAVAILABLE", `${name}: ${reason}`);
    return params.parse(pinParams(name, request.params), name, "COMMAND_PARAMS");
  }

  #denied(name: string): boolean {
    return this.#parts.deny.some((rule) => matchesCommand(rule, name));
  }

  #success(request: CommandRequest, payload: JsonObject, startedAt: number, durationMs: number): CommandResult {
    const { commandId, idempotencyKey, command, params } = request;
    const answer = pinAnswer(command, params, payload);
    return { commandId, idempotencyKey, ok: true, payload: answer, duplicate: false, startedAt, durationMs };
  }

  #failure(request: CommandRequest, error: BarnacleError, startedAt: number, durationMs: number): CommandResult {
    const { commandId, idempotencyKey } = request;
    const { code, message, hint, details } = error.toShape();
    const wire = { code, message: message.slice(0, 2000), hint, ...(details === undefined ? {} : { details }) };
    return { commandId, idempotencyKey, ok: false, error: wire, duplicate: false, startedAt, durationMs };
  }

  #conflict(request: CommandRequest): CommandResult {
    const text = `idempotency key ${request.idempotencyKey} was used for another command or other parameters`;
    return this.#failure(request, new BarnacleError("CONFLICT", text), Math.floor(this.#parts.clock.now()), 0);
  }

  /** The first result again, under the id of who asks now. */
  #repeat(request: CommandRequest, first: CommandResult): CommandResult {
    this.#parts.counters.add("duplicates");
    return { ...first, commandId: request.commandId, duplicate: true };
  }
}

function tooLate(request: CommandRequest): BarnacleError {
  return new BarnacleError(
    "COMMAND_TIMEOUT",
    `${request.command} was not started within its ${request.timeoutMs} ms, so it was not started at all`,
  );
}
