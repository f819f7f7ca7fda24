import { BarnacleError, hasCode, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { Clock, Log, Random, Unit } from "@barnacle/protocol/runtime";
import { type CommandResult, pinLines } from "@barnacle/protocol/schema";
import { type AuditTrail, unwritable } from "../audit/index.ts";
import type {
  ApprovalGate,
  CommandCall,
  CommandOutcome,
  CommandOutlook,
  Commands,
  Counters,
  Decision,
  DeviceLink,
  Devices,
  Household,
  Policy,
  PolicyRequest,
} from "../services.ts";
import type { Store } from "../store/index.ts";
import { withoutClaims } from "./claims.ts";
import { type Reachable, reach } from "./device-check.ts";
import { effectsOf } from "./effects.ts";
import { CommandJournal, digestOf, type Ending, type JournalRow, keyConflict } from "./journal.ts";
import { endingOf, errorOf, outcomeOf, principalOf, unanswerable } from "./outcome.ts";

export interface CommandDoorOptions {
  readonly store: Store;
  readonly audit: Pick<AuditTrail, "record">;
  readonly policy: Policy;
  readonly devices: Pick<Devices, "get">;
  /** Things that no node declares but the configuration does; a rule about locks holds for them too. */
  /** Asks people where the policy says so; without it such a command is denied. */
  readonly approvals?: ApprovalGate;
  readonly household?: Pick<Household, "appliances">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const LONGEST_TIMEOUT_MS = 600_000;
const KEEP_MS = 7 * 24 * 60 * 60_000;
const PRUNE_EVERY_MS = 60 * 60_000;

interface Judged {
  readonly call: CommandCall;
  readonly decision: Decision;
  readonly appliances: NonNullable<PolicyRequest["appliances"]>;
  readonly room: string | undefined;
  readonly digest: string;
  readonly startedAt: number;
}

/** The only caller of `DeviceLink.send`: no command reaches a device without a decision on record. */
export class CommandDoor implements Commands, CommandOutlook, Unit {
  readonly #options: CommandDoorOptions;
  readonly #journal: CommandJournal;
  readonly #links: DeviceLink[] = [];
  readonly #running = new Map<string, { readonly digest: string; readonly outcome: Promise<CommandOutcome> }>();
  #cancel: (() => void) | undefined;

  constructor(options: CommandDoorOptions) {
    this.#options = options;
    this.#journal = new CommandJournal(options.store);
  }

  async start(): Promise<void> {
    const { store, clock, log } = this.#options;
    const abandoned = store.transaction(() => this.#journal.abandonRunning());
    if (abandoned > 0)
      log.warn({ commands: abandoned }, "commands were running when the hub ended; their outcome is unknown");
    this.#prune();
    this.#cancel = clock.every(PRUNE_EVERY_MS, () => this.#prune());
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Adds a way to devices. @returns a function that takes it away */
  attach(link: DeviceLink): () => void {
    this.#links.push(link);
    return () => {
      const at = this.#links.indexOf(link);
      if (at >= 0) this.#links.splice(at, 1);
    };
  }

  async invoke(call: CommandCall): Promise<CommandOutcome> {
    const judged = this.#judge(call);
    if (judged.decision.effect === "deny") return this.#deny(judged);
    const key = `${call.deviceId} ${call.idempotencyKey}`;
    const running = this.#running.get(key);
    if (running) return this.#join(judged, running);
    const outcome =
      judged.decision.effect === "ask"
        ? this.#ask(judged)
        : this.#execute({ ...judged, call: { ...call, params: withoutClaims(call) } });
    this.#running.set(key, { digest: judged.digest, outcome });
    try {
      return await outcome;
    } finally {
      this.#running.delete(key);
    }
  }

  /** A result that nobody waits for any more: it settles what the journal calls unknown. @returns whether it did */
  async settleLate(deviceId: string, result: CommandResult): Promise<boolean> {
    const row = this.#journal.byId(result.commandId);
    if (row?.deviceId !== deviceId || row.status !== "unknown") return false;
    await this.#settle(row, endingOf(result, this.#options.clock.now()), { late: true });
    return true;
  }

  decide(call: CommandCall): Decision {
    return this.#judge(call).decision;
  }

  sentTo(idempotencyKey: string): string | undefined {
    return this.#journal.sentTo(idempotencyKey);
  }

  /** What is known of a command. */
  find(commandId: string): JournalRow | undefined {
    return this.#journal.byId(commandId);
  }

  #judge(call: CommandCall): Judged {
    const { devices, policy, clock, household } = this.#options;
    const startedAt = clock.monotonic();
    const device = devices.get(call.deviceId);
    const configured = household?.appliances().filter((one) => (one.deviceId ?? call.deviceId) === call.deviceId) ?? [];
    const known = [...(device?.manifest?.appliances ?? []), ...configured];
    const gpio = device?.manifest?.capabilities.find(({ name }) => name === "gpio");
    const appliances = effectsOf(known, call.command, call.params, pinLines(gpio?.attributes));
    const decision = policy.decide({
      principal: call.principal,
      action: "command",
      name: call.command,
      deviceId: call.deviceId,
      room: device?.room,
      params: call.params,
      appliances,
    });
    return { call, decision, appliances, room: device?.room, digest: digestOf(call.command, call.params), startedAt };
  }

  async #deny(judged: Judged): Promise<never> {
    const { call, decision } = judged;
    await this.#commit(() => this.#recordDecision(judged));
    throw new BarnacleError("POLICY_DENIED", decision.reason, {
      ...(decision.emergency ? { hint: "Lift it when it is safe to: barnacle thaw" } : {}),
      details: { rule: decision.rule, command: call.command, deviceId: call.deviceId },
    });
  }

  /** Holds the command back until a person said yes; a no, or silence, is a denial. */
  async #ask(judged: Judged): Promise<CommandOutcome> {
    const { approvals, devices } = this.#options;
    const { call, decision } = judged;
    const known = this.#journal.find(call.deviceId, call.idempotencyKey);
    const told = known?.paramsDigest === judged.digest && (known.status === "done" || known.status === "failed");
    const way = reach(devices.get(call.deviceId), call.deviceId, call.command, this.#links);
    // Nobody is asked about what was done under this key, or what cannot be done now.
    if (told || way instanceof BarnacleError) return this.#execute(judged);
    await this.#commit(() => this.#recordDecision(judged));
    const verdict = await approvals?.admit({
      principal: call.principal,
      deviceId: call.deviceId,
      deviceName: devices.get(call.deviceId)?.displayName,
      command: call.command,
      params: call.params,
    });
    const after = this.#judge(call);
    if (after.decision.effect === "deny") return this.#deny(after);
    const reason = verdict?.reason ?? "no one can be asked";
    if (!verdict?.allowed) {
      const denied = { effect: "deny", rule: decision.rule, reason: `${decision.reason}; ${reason}` } as const;
      return this.#deny({ ...judged, decision: denied });
    }
    const allowed = { effect: "allow", rule: decision.rule, reason: `${decision.reason}; ${reason}` } as const;
    return this.#execute({ ...judged, call: { ...call, params: verdict.params }, decision: allowed });
  }

  async #join(
    judged: Judged,
    running: { readonly digest: string; readonly outcome: Promise<CommandOutcome> },
  ): Promise<CommandOutcome> {
    const { call, decision } = judged;
    if (running.digest !== judged.digest) return this.#refuse(judged, keyConflict(call.idempotencyKey, call.command));
    await this.#commit(() => this.#recordDecision(judged));
    const policyMs = this.#since(judged);
    return { ...(await running.outcome), duplicate: true, decision, policyMs };
  }

  async #execute(judged: Judged): Promise<CommandOutcome> {
    const { call } = judged;
    const way = reach(this.#options.devices.get(call.deviceId), call.deviceId, call.command, this.#links);
    const begun = await this.#begin(judged, way);
    if (begun instanceof BarnacleError) throw begun;
    const policyMs = this.#since(judged);
    if (!begun.send) return this.#stored(judged, begun.row, policyMs);
    if (way instanceof BarnacleError) throw way;
    return this.#send(judged, begun.row, way, policyMs);
  }

  /** One transaction: the decision, and either the journal's row or the refusal. */
  #begin(judged: Judged, way: Reachable | BarnacleError): Promise<{ row: JournalRow; send: boolean } | BarnacleError> {
    const { call, decision } = judged;
    return this.#commit(() => {
      const known = this.#journal.find(call.deviceId, call.idempotencyKey);
      const settled = known?.status === "done" || known?.status === "failed";
      const clash = known && known.paramsDigest !== judged.digest;
      const refusal = clash
        ? keyConflict(call.idempotencyKey, known.command)
        : settled
          ? undefined
          : known
            ? unanswerable(known, way)
            : way;
      if (refusal instanceof BarnacleError) {
        this.#recordDecision(judged, known?.commandId);
        this.#recordRefusal(judged, refusal);
        return refusal;
      }
      const begun = known && (settled ? known : this.#journal.resume(known));
      const row =
        begun ??
        this.#journal.begin({
          commandId: this.#options.random.uuid(),
          deviceId: call.deviceId,
          idempotencyKey: call.idempotencyKey,
          command: call.command,
          paramsDigest: judged.digest,
          principal: `${call.principal.kind}:${call.principal.id}`,
          turnId: call.turnId,
          rule: decision.rule,
          startedAt: this.#options.clock.now(),
        });
      this.#recordDecision(judged, row.commandId);
      return { row, send: !settled };
    });
  }

  async #send(judged: Judged, row: JournalRow, way: Reachable, policyMs: number): Promise<CommandOutcome> {
    const { call, decision } = judged;
    const { clock } = this.#options;
    // A stop that came while the disk was waited for: nothing was sent, and the same key may be used again.
    const now = this.#judge(call);
    if (now.decision.emergency) {
      const error = new BarnacleError("POLICY_DENIED", now.decision.reason).toShape();
      await this.#settle(row, { status: "unknown", error, finishedAt: clock.now(), durationMs: 0 });
      return this.#deny(now);
    }
    const wanted = call.timeoutMs ?? way.spec.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const sentAt = clock.monotonic();
    let result: CommandResult;
    try {
      result = await way.link.send(call.deviceId, {
        commandId: row.commandId,
        command: call.command,
        params: call.params,
        idempotencyKey: call.idempotencyKey,
        timeoutMs: Math.min(Math.max(1, wanted), LONGEST_TIMEOUT_MS),
        ...(call.turnId === undefined ? {} : { turnId: call.turnId }),
      });
    } catch (thrown) {
      const error = toBarnacleError(thrown, "COMMAND_FAILED");
      const durationMs = clock.monotonic() - sentAt;
      await this.#settle(row, { status: "unknown", error: error.toShape(), finishedAt: clock.now(), durationMs });
      throw error;
    }
    const durationMs = clock.monotonic() - sentAt;
    const ending = { ...endingOf(result, clock.now()), durationMs };
    await this.#settle(row, ending, { duplicate: result.duplicate });
    if (ending.error) throw errorOf(ending.error, row);
    return outcomeOf(row, ending, result.duplicate, decision, policyMs);
  }

  #stored(judged: Judged, row: JournalRow, policyMs: number): CommandOutcome {
    if (row.status === "failed" && row.error) throw errorOf(row.error, row);
    return outcomeOf(row, { payload: row.payload, durationMs: row.durationMs ?? 0 }, true, judged.decision, policyMs);
  }

  async #refuse(judged: Judged, error: BarnacleError): Promise<never> {
    await this.#commit(() => {
      this.#recordDecision(judged);
      this.#recordRefusal(judged, error);
    });
    throw error;
  }

  /** The command has happened by now, so a failure to write this down is logged and not thrown. */
  async #settle(row: JournalRow, ending: Ending, more: Record<string, unknown> = {}): Promise<void> {
    const { store, audit, log, counters } = this.#options;
    const principal = principalOf(row.principal);
    const { error, status, durationMs } = ending;
    try {
      await store.commitByLog(() => {
        this.#journal.settle(row.commandId, ending);
        const data = {
          command: row.command,
          commandId: row.commandId,
          status,
          durationMs,
          error: error?.code,
          ...more,
        };
        audit.record({ kind: "outcome", principal, subject: row.deviceId, data });
      });
    } catch (failure) {
      counters.add("audit.outcomes.lost");
      log.error(
        { commandId: row.commandId, command: row.command, status, problem: messageOf(failure) },
        "the outcome of a command could not be recorded",
      );
    }
  }

  #recordDecision({ call, decision, room, appliances }: Judged, commandId?: string): void {
    this.#options.audit.record({
      kind: "decision",
      principal: call.principal,
      subject: call.deviceId,
      data: {
        command: call.command,
        params: call.params,
        effect: decision.effect,
        rule: decision.rule,
        reason: decision.reason,
        room,
        commandId,
        idempotencyKey: call.idempotencyKey,
        turnId: call.turnId,
        ...(appliances.length === 0 ? {} : { appliances }),
      },
    });
  }

  #recordRefusal({ call }: Judged, error: BarnacleError): void {
    const data = { command: call.command, status: "refused", error: error.code, message: error.message };
    this.#options.audit.record({ kind: "outcome", principal: call.principal, subject: call.deviceId, data });
  }

  /** @throws AUDIT_UNWRITABLE; then nothing was sent */
  async #commit<T>(fn: () => T): Promise<T> {
    try {
      return await this.#options.store.commitByLog(fn);
    } catch (error) {
      throw hasCode(error, "STATE_UNWRITABLE") ? unwritable(error) : error;
    }
  }

  #since({ startedAt }: Judged): number {
    return this.#options.clock.monotonic() - startedAt;
  }

  #prune(): void {
    const { store, clock } = this.#options;
    store.transaction(() => this.#journal.prune(clock.now() - KEEP_MS));
  }
}
