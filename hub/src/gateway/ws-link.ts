import { BarnacleError, hasCode } from "@barnacle/protocol/errors";
import type { NodeInvokeResultParams, ProtocolVersion } from "@barnacle/protocol/gateway";
import type { Clock } from "@barnacle/protocol/runtime";
import type { CommandRequest, CommandResult, JsonObject } from "@barnacle/protocol/schema";
import type { DeviceLink } from "../services.ts";

/** A connected WebSocket node. */
export interface NodePeer {
  readonly connId: string;
  readonly pathEnv?: string | undefined;
  readonly permissions?: Readonly<Record<string, boolean>> | undefined;
  readonly protocol: ProtocolVersion;
  sendEvent(event: string, payload: unknown): void;
  close(code: number, reason: string): void;
}

interface Waiting {
  readonly deviceId: string;
  readonly request: CommandRequest;
  readonly startedAt: number;
  readonly started: number;
  readonly promise: Promise<CommandResult>;
  /** The node has shown that it began; from then on it is never sent the command again. */
  begun: boolean;
  /** How often the node said that it was not ready to begin. */
  notReady: number;
  cancelResend: () => void;
  settle(result: CommandResult | BarnacleError): void;
}

/** What a node answers when it could not even begin: just woken, or starting. Source: gateway protocol 4. */
const NOT_READY = "NODE_NOT_READY";
const RESEND_AFTER_MS = [250, 500, 1000, 2000];

/** A node may answer with any JSON, the journal keeps objects; this member stands around the others. */
const BARE = "$value";

/** Commands to native gateway nodes: `node.invoke.request` out, `node.invoke.result` back. */
export class WsLink implements DeviceLink {
  readonly transport = "websocket";
  /** The gateway protocol gives them the key, but asks nothing of what they do with it. */
  readonly executesOnce = false;
  readonly #clock: Clock;
  readonly #peers = new Map<string, NodePeer>();
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: { clock: Clock }) {
    this.#clock = options.clock;
  }

  /** The newest connection of a device counts; an older one is closed. */
  attach(deviceId: string, peer: NodePeer): void {
    const older = this.#peers.get(deviceId);
    this.#peers.set(deviceId, peer);
    older?.close(1008, "replaced by a newer connection");
  }

  /** @returns false when a newer connection has taken over, which then stays */
  detach(deviceId: string, connId: string): boolean {
    if (this.#peers.get(deviceId)?.connId !== connId) return false;
    this.#peers.delete(deviceId);
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.deviceId !== deviceId) continue;
      waiting.settle(new BarnacleError("COMMAND_OUTCOME_UNKNOWN", `node disconnected (${waiting.request.command})`));
    }
    return true;
  }

  peer(deviceId: string): NodePeer | undefined {
    return this.#peers.get(deviceId);
  }

  isConnected(deviceId: string): boolean {
    return this.#peers.has(deviceId);
  }

  send(deviceId: string, request: CommandRequest): Promise<CommandResult> {
    const known = this.#waiting.get(request.commandId);
    if (known) return known.promise;
    const peer = this.#peers.get(deviceId);
    if (!peer) return Promise.reject(new BarnacleError("DEVICE_OFFLINE", "node not connected"));
    const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
    const cancel = this.#clock.after(request.timeoutMs, () => this.#giveUp(waiting));
    const waiting: Waiting = {
      deviceId,
      begun: false,
      notReady: 0,
      cancelResend: () => {},
      request,
      startedAt: this.#clock.now(),
      started: this.#clock.monotonic(),
      promise,
      settle: (result) => {
        cancel();
        waiting.cancelResend();
        this.#waiting.delete(request.commandId);
        if (hasCode(result)) reject(result);
        else resolve(result as CommandResult);
      },
    };
    this.#waiting.set(request.commandId, waiting);
    this.#ask(peer, waiting);
    return promise;
  }

  /** A sign that the command has begun. @returns false when nobody waits for it any more */
  progress(deviceId: string, commandId: string): boolean {
    const waiting = this.#waiting.get(commandId);
    if (waiting?.deviceId !== deviceId) return false;
    waiting.begun = true;
    return true;
  }

  /** @returns false when nobody waits for this result any more */
  result(deviceId: string, answer: NodeInvokeResultParams): boolean {
    const waiting = this.#waiting.get(answer.id);
    if (waiting?.deviceId !== deviceId) return false;
    if (!answer.ok && answer.error?.code === NOT_READY && this.#askAgain(waiting)) return true;
    const payload = payloadOf(answer);
    waiting.settle({
      commandId: waiting.request.commandId,
      idempotencyKey: waiting.request.idempotencyKey,
      ok: answer.ok,
      ...(payload === undefined ? {} : { payload }),
      ...(answer.ok
        ? {}
        : {
            error: {
              code: (answer.error?.code || "UNAVAILABLE").slice(0, 64),
              message: (answer.error?.message || "node invoke failed").slice(0, 2000),
            },
          }),
      duplicate: false,
      startedAt: waiting.startedAt,
      durationMs: this.#clock.monotonic() - waiting.started,
    });
    return true;
  }

  #ask(peer: NodePeer, { deviceId, request, started }: Waiting): void {
    const left = request.timeoutMs - (this.#clock.monotonic() - started);
    peer.sendEvent("node.invoke.request", {
      id: request.commandId,
      nodeId: deviceId,
      command: request.command,
      paramsJSON: JSON.stringify(request.params),
      timeoutMs: Math.max(1, Math.round(left)),
      idempotencyKey: request.idempotencyKey,
    });
  }

  /** @returns false when the node has begun after all, or was asked often enough: then its answer stands */
  #askAgain(waiting: Waiting): boolean {
    const pause = RESEND_AFTER_MS[waiting.notReady];
    if (waiting.begun || pause === undefined) return false;
    waiting.notReady += 1;
    waiting.cancelResend();
    waiting.cancelResend = this.#clock.after(pause, () => {
      const peer = this.#peers.get(waiting.deviceId);
      if (peer) this.#ask(peer, waiting);
    });
    return true;
  }

  /** Time is up. A node of today is told, so that it may stop. */
  #giveUp({ deviceId, request, settle }: Waiting): void {
    const peer = this.#peers.get(deviceId);
    if (peer?.protocol === 4) peer.sendEvent("node.invoke.cancel", { invokeId: request.commandId, nodeId: deviceId });
    const text = `${request.command}: no answer within ${Math.round(request.timeoutMs)} ms`;
    settle(new BarnacleError("COMMAND_TIMEOUT", text));
  }

  kick(deviceId: string, reason: string): void {
    this.#peers.get(deviceId)?.close(1008, reason);
  }
}

/** `payloadJSON` (text) or `payload`; an app that puts an object under `payloadJSON` is understood. */
function payloadOf(answer: NodeInvokeResultParams): JsonObject | undefined {
  const { payload, payloadJSON } = answer;
  const value = typeof payloadJSON === "string" ? parsed(payloadJSON) : (payloadJSON ?? payload);
  if (value === undefined || value === null) return undefined;
  return isObject(value) ? value : { [BARE]: value };
}

/** What the node really answered, from what the journal keeps. */
export function bareValue(payload: JsonObject): unknown {
  const keys = Object.keys(payload);
  return keys.length === 1 && keys[0] === BARE ? payload[BARE] : payload;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: a plain text answer.
    return text;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
