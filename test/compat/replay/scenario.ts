import { setTimeout as pause } from "node:timers/promises";
import { type DeviceIdentity, deviceAuthPayload, generateIdentity, signText } from "@barnacle/protocol/identity";
import { GatewayWire, type WireFrame } from "../../support/gateway-wire.ts";
import type { Era } from "../support/programs.ts";

/** A gateway of either kind, and how it is asked to stop. */
export interface Stage {
  readonly url: string;
  readonly token: string;
  stop(): Promise<void>;
}

/** What one side said in a step, in order. `who` is the connection's part in the play. */
export interface Said {
  readonly step: string;
  readonly who: string;
  readonly frame: unknown;
}

type Json = Record<string, unknown>;

const OPERATOR = ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"];
const COMMAND = "system.which";
const NODE_COMMANDS = [COMMAND, "system.notify", "system.run"];
/** Come when they come. */
const CLOCKWORK = new Set(["tick", "health", "heartbeat"]);

interface Part {
  readonly role: "operator" | "node";
  readonly scopes: readonly string[];
  readonly identity: DeviceIdentity;
  readonly commands?: readonly string[];
}

/** Puts on the same play before any gateway and writes down what it says. */
export class Play {
  readonly said: Said[] = [];
  readonly #stage: Stage;
  readonly #era: Era;
  readonly #open: GatewayWire[] = [];
  readonly #hall = generateIdentity();
  #count = 0;

  constructor(stage: Stage, era: Era) {
    this.#stage = stage;
    this.#era = era;
  }

  async run(): Promise<readonly Said[]> {
    try {
      await this.#doors();
      await this.#refusals();
      const operator = await this.#enter("connect operator", this.#operator(), "operator");
      await this.#questions(operator);
      const node = await this.#node(operator);
      await this.#invocation(operator, node);
      await this.#approval(operator);
      this.#overheard(operator, "operator");
      this.#overheard(node, "node");
      await this.#shutdown(operator);
    } finally {
      await Promise.all(this.#open.map((wire) => wire.end()));
    }
    return this.said;
  }

  /** A gateway may greet before it takes anybody in: waits until it does. */
  async #doors(): Promise<void> {
    for (;;) {
      const wire = this.#dial();
      const nonce = await this.#challenged(wire);
      const answer = await wire.request(this.#id(), "connect", this.#params(this.#operator(), nonce));
      await wire.end();
      const { retryable, retryAfterMs = 500 } = (answer?.error ?? {}) as { retryable?: boolean; retryAfterMs?: number };
      if (answer?.ok || !retryable) return;
      await pause(retryAfterMs);
    }
  }

  /** Who is not let in, and what each is told. */
  async #refusals(): Promise<void> {
    const part = this.#operator();
    const wrongs: [string, (params: Json, nonce: string) => unknown][] = [
      ["no connect first", () => undefined],
      ["protocol too new", (params) => ({ ...params, minProtocol: 90, maxProtocol: 99 })],
      ["protocol too old", (params) => ({ ...params, minProtocol: 1, maxProtocol: 2 })],
      ["wrong token", (_params, nonce) => this.#params(part, nonce, "wrong")],
      ["bad signature", (params) => ({ ...params, device: { ...(params.device as Json), signature: "A".repeat(86) } })],
      ["device id of another", (params) => ({ ...params, device: { ...(params.device as Json), id: "0".repeat(64) } })],
      ["stale signature", (params) => ({ ...params, device: { ...(params.device as Json), signedAt: 1_000_000 } })],
      ["nonce of another", (params) => ({ ...params, device: { ...(params.device as Json), nonce: "another" } })],
      ["no client", ({ client: _, ...params }) => params],
    ];
    for (const [step, change] of wrongs) {
      const wire = this.#dial();
      const nonce = await this.#challenged(wire, step);
      const params = change(this.#params(part, nonce), nonce);
      const method = params === undefined ? "health" : "connect";
      await this.#ask(wire, step, "stranger", method, params ?? {});
      this.#note(step, "stranger", { closed: await wire.closed });
    }
  }

  async #questions(operator: GatewayWire): Promise<void> {
    const ask = (method: string, params: Json = {}, step = method): Promise<WireFrame | undefined> =>
      this.#ask(operator, step, "operator", method, params);
    await ask("no.such.method");
    await ask("health", { probe: 7 }, "health with a member too many");
    await ask("system-presence");
    await ask("last-heartbeat");
    await ask("sessions.list", { limit: 10 });
    await ask("sessions.patch", { key: "main", thinkingLevel: "high", label: "The house" });
    await ask("sessions.patch", { key: "main", thinkingLevel: "no such level" }, "sessions.patch refused");
    await ask("sessions.list", { limit: 10 }, "sessions.list after");
    await ask("sessions.reset", { key: "main" });
    await ask("sessions.resolve", { key: "main" });
    await ask("chat.history", { sessionKey: "main", limit: 5 });
    await ask("config.set", { raw: "{}" }, "config.set without a base hash");
    await ask("config.set", { raw: "{}", baseHash: "0".repeat(64) }, "config.set with another's base hash");
    await ask("config.patch", { raw: "{}", baseHash: "0".repeat(64) }, "config.patch with another's base hash");
    await ask("config.set", {}, "config.set without content");
    await ask("cron.list");
    await ask("cron.add", {}, "cron.add of nothing");
    await ask("cron.remove", { id: "nobody" }, "cron.remove of nobody");
    await ask("node.list");
    await ask("node.describe", { nodeId: "nobody" }, "node.describe of nobody");
    await ask("node.invoke", { nodeId: "nobody", command: COMMAND, idempotencyKey: "k0" }, "node.invoke at nobody");
    await ask("device.pair.list");
    await ask("device.pair.approve", { requestId: "nobody" }, "device.pair.approve of nobody");
    await ask("exec.approval.resolve", { id: "nobody", decision: "deny" }, "exec.approval.resolve of nobody");
    await ask("voicewake.get");
    await ask("voicewake.set", { triggers: ["hey jarvis"] });
    await ask("voicewake.set", {}, "voicewake.set of nothing");
    await ask("models.list");
    await ask("agents.list");
  }

  /** A node joins; today's gateway has its surface approved apart. */
  async #node(operator: GatewayWire): Promise<GatewayWire> {
    const part: Part = { role: "node", scopes: [], identity: this.#hall, commands: NODE_COMMANDS };
    const first = await this.#enter("connect node", part, "node");
    if (this.#era === "january") return first;
    const list = await this.#ask(operator, "node.pair.list", "operator", "node.pair.list", {});
    const pending = (list?.payload as { pending?: { requestId: string }[] } | undefined)?.pending ?? [];
    for (const { requestId } of pending) {
      await this.#ask(operator, "node.pair.approve", "operator", "node.pair.approve", { requestId });
    }
    return first;
  }

  async #invocation(operator: GatewayWire, node: GatewayWire): Promise<void> {
    const { deviceId: nodeId } = this.#hall;
    await this.#ask(operator, "node.describe", "operator", "node.describe", { nodeId });
    for (const [step, answer] of [
      ["node.invoke", { ok: true, payload: { bins: { sh: "/bin/sh" } } }],
      ["node.invoke that fails", { ok: false, error: { code: "UNAVAILABLE", message: "not now" } }],
    ] as const) {
      const idempotencyKey = `key ${step}`;
      const asked = operator.request(this.#id(), "node.invoke", {
        ...{ nodeId, command: COMMAND, params: { bins: ["sh"] }, timeoutMs: 20_000, idempotencyKey },
      });
      const arrived = node.find(({ event }) => event === "node.invoke.request");
      // A gateway that refuses sends the node nothing.
      const request = await Promise.race([arrived, asked.then(() => undefined)]);
      this.#note(step, "node", request);
      if (!request) {
        this.#note(step, "operator", await asked);
        continue;
      }
      const { id } = (request.payload ?? {}) as { id?: string };
      node.frames.splice(node.frames.indexOf(request), 1);
      await this.#ask(node, `${step}, the node's answer`, "node", "node.invoke.result", { id, nodeId, ...answer });
      this.#note(step, "operator", await asked);
    }
    const at = { nodeId, idempotencyKey: "k1" };
    await this.#ask(operator, "node.invoke not allowed", "operator", "node.invoke", { ...at, command: "camera.clip" });
    await this.#ask(node, "node asks for an operator's method", "node", "node.list", {});
    await this.#ask(node, "node.event", "node", "node.event", { event: "voice.transcript", payloadJSON: "{}" });
    await this.#ask(operator, "node.rename", "operator", "node.rename", { nodeId, displayName: "Hall" });
  }

  async #approval(operator: GatewayWire): Promise<void> {
    const second = await this.#enter("connect second operator", this.#operator(), "second operator");
    const asked = operator.request(this.#id(), "exec.approval.request", {
      ...{ id: "approval-1", command: "ls -l", cwd: "/tmp", host: "gateway", security: "allowlist", ask: "always" },
      ...{ timeoutMs: 30_000 },
    });
    const arrived = second.find(({ event }) => event === "exec.approval.requested");
    const told = await Promise.race([arrived, asked.then(() => undefined)]);
    this.#note("exec.approval.requested", "second operator", told);
    await this.#ask(second, "exec.approval.resolve", "second operator", "exec.approval.resolve", {
      ...{ id: "approval-1", decision: "allow-once" },
    });
    this.#note("exec.approval.request", "operator", await asked);
    const resolved = await second.find(({ event }) => event === "exec.approval.resolved");
    this.#note("exec.approval.resolved", "second operator", resolved);
    const again = { id: "approval-1", decision: "deny" };
    await this.#ask(second, "exec.approval.resolve again", "second operator", "exec.approval.resolve", again);
    await second.end();
  }

  async #shutdown(operator: GatewayWire): Promise<void> {
    const stopped = this.#stage.stop();
    this.#note("shutdown", "operator", await operator.find(({ event }) => event === "shutdown"));
    this.#note("shutdown", "operator", { closed: await operator.closed });
    await stopped;
  }

  /** Which events a connection was sent, whenever each came. */
  #overheard(wire: GatewayWire, who: string): void {
    const names = wire.frames.flatMap(({ event }) => (event === undefined || CLOCKWORK.has(event) ? [] : [event]));
    this.#note("events", who, { events: [...new Set(names)].sort() });
  }

  #operator(): Part {
    return { role: "operator", scopes: OPERATOR, identity: generateIdentity() };
  }

  #dial(): GatewayWire {
    const wire = new GatewayWire(this.#stage.url);
    this.#open.push(wire);
    return wire;
  }

  async #challenged(wire: GatewayWire, step?: string): Promise<string> {
    const challenge = await wire.find(({ event }) => event === "connect.challenge");
    if (step !== undefined) this.#note(step, "gateway", challenge);
    return (challenge?.payload as { nonce?: string } | undefined)?.nonce ?? "";
  }

  async #enter(step: string, part: Part, who: string): Promise<GatewayWire> {
    const wire = this.#dial();
    const nonce = await this.#challenged(wire);
    await this.#ask(wire, step, who, "connect", this.#params(part, nonce));
    return wire;
  }

  async #ask(
    wire: GatewayWire,
    step: string,
    who: string,
    method: string,
    params: unknown,
  ): Promise<WireFrame | undefined> {
    const answer = await wire.request(this.#id(), method, params);
    this.#note(step, who, answer);
    return answer;
  }

  #note(step: string, who: string, frame: unknown): void {
    this.said.push({ step, who, frame: frame ?? null });
  }

  #id(): string {
    this.#count += 1;
    return `request-${this.#count}`;
  }

  #params(part: Part, nonce: string, token = this.#stage.token): Json {
    const { role, scopes, identity } = part;
    const node = role === "node";
    const client = {
      ...{ id: node ? "node-host" : "cli", mode: node ? "node" : "cli", version: "1.0.0", platform: "linux" },
      ...{ displayName: node ? "Hall node" : "Desk" },
    };
    const signedAt = Date.now();
    const protocol = this.#era === "january" ? 3 : 4;
    const payload = deviceAuthPayload({
      ...{ deviceId: identity.deviceId, clientId: client.id, clientMode: client.mode, role, scopes, nonce },
      ...{ token, signedAtMs: signedAt },
    });
    return {
      ...{ minProtocol: protocol, maxProtocol: protocol, client, role, scopes, auth: { token } },
      ...(node ? { commands: part.commands ?? [], caps: ["device"] } : { caps: ["approvals", "exec-approvals"] }),
      device: {
        ...{ id: identity.deviceId, publicKey: identity.publicKey, signature: signText(identity, payload) },
        ...{ signedAt, nonce },
      },
    };
  }
}
