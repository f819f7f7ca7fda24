import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { type Clock, Events, type Log, type Unit } from "@barnacle/protocol/runtime";
import type { CommandRequest, CommandResult } from "@barnacle/protocol/schema";
import type { DeviceLink } from "../services.ts";
import type { MqttBroker } from "./broker.ts";

export interface MqttLinkEvents {
  /** A result that nobody waits for any more: it came after its deadline, or answers a command of an earlier hub process. */
  late: { readonly deviceId: string; readonly result: CommandResult };
}

interface Waiting {
  readonly deviceId: string;
  readonly request: CommandRequest;
  /** Monotonic. */
  readonly deadline: number;
  readonly promise: Promise<CommandResult>;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: BarnacleError) => void;
}

/**
 * Commands over MQTT: `cmd/<id>` out, `res/<id>` back. A node that drops off in between is sent the command again when it
 * returns before the deadline; it executes each idempotency key at most once.
 */
export class MqttLink implements DeviceLink, Unit {
  readonly transport = "mqtt";
  readonly executesOnce = true;
  readonly events = new Events<MqttLinkEvents>();
  readonly #broker: MqttBroker;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: { broker: MqttBroker; clock: Clock; log: Log }) {
    this.#broker = options.broker;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  async start(): Promise<void> {
    this.#broker.events.on("result", ({ deviceId, result }) => this.#result(deviceId, result), this);
    this.#broker.events.on("ready", ({ deviceId }) => this.#resend(deviceId), this);
  }

  async stop(): Promise<void> {
    this.#broker.events.dropOwner(this);
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new BarnacleError("HUB_STOPPING", "the hub stopped while the command was under way"));
    }
    this.#waiting.clear();
  }

  isConnected(deviceId: string): boolean {
    return this.#broker.isReady(deviceId);
  }

  send(deviceId: string, request: CommandRequest): Promise<CommandResult> {
    const known = this.#waiting.get(request.commandId);
    if (known) return known.promise;
    if (!this.isConnected(deviceId)) {
      return Promise.reject(new BarnacleError("DEVICE_OFFLINE", `device ${deviceId.slice(0, 12)} is not connected`));
    }
    const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
    const cancel = this.#clock.after(request.timeoutMs, () => this.#expire(request.commandId));
    const end = () => {
      cancel();
      this.#waiting.delete(request.commandId);
    };
    const waiting: Waiting = {
      deviceId,
      request,
      deadline: this.#clock.monotonic() + request.timeoutMs,
      promise,
      resolve(result) {
        end();
        resolve(result);
      },
      reject(error) {
        end();
        reject(error);
      },
    };
    this.#waiting.set(request.commandId, waiting);
    this.#publish(waiting, request.timeoutMs);
    return promise;
  }

  kick(deviceId: string, reason: string): void {
    this.#broker.kick(deviceId, reason);
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.deviceId !== deviceId) continue;
      waiting.reject(new BarnacleError("DEVICE_OFFLINE", `the device was disconnected: ${reason}`));
    }
  }

  /** No expiry goes with it: a board's clock may be wrong, and `timeoutMs` counts from arrival. */
  #publish(waiting: Waiting, timeoutMs: number): void {
    const { deviceId, request } = waiting;
    try {
      void this.#broker.publish(deviceId, "command", request.commandId, { ...request, timeoutMs }, request.commandId);
    } catch (error) {
      waiting.reject(new BarnacleError("INPUT_INVALID", messageOf(error), { cause: error }));
    }
  }

  #resend(deviceId: string): void {
    for (const waiting of this.#waiting.values()) {
      const left = waiting.deadline - this.#clock.monotonic();
      if (waiting.deviceId === deviceId && left > 0) this.#publish(waiting, left);
    }
  }

  #result(deviceId: string, result: CommandResult): void {
    const waiting = this.#waiting.get(result.commandId);
    if (waiting?.deviceId === deviceId) {
      waiting.resolve(result);
      return;
    }
    this.#log.info({ deviceId, commandId: result.commandId, ok: result.ok }, "a result came that nobody waits for");
    this.events.emit("late", { deviceId, result });
  }

  #expire(commandId: string): void {
    const waiting = this.#waiting.get(commandId);
    if (!waiting) return;
    const { command, timeoutMs } = waiting.request;
    const state = this.isConnected(waiting.deviceId)
      ? "is connected but did not answer"
      : "dropped off and did not return";
    waiting.reject(
      new BarnacleError("COMMAND_TIMEOUT", `${command}: the device ${state} within ${Math.round(timeoutMs)} ms`, {
        details: { commandId, command, timeoutMs },
      }),
    );
  }
}
