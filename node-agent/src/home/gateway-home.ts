import path from "node:path";
import { messageOf } from "@barnacle/protocol/errors";
import type { NodeConfig, WakeEvent } from "@barnacle/protocol/mqtt";
import type { BoardTelemetry, CommandRequest, CommandResult, JsonObject } from "@barnacle/protocol/schema";
import { gatewayUrl, isOffered, type MakeClient, offerOf, parseSetupCode, Uplink } from "@barnacle/protocol/uplink";
import type { UplinkConfig } from "../config/index.ts";
import { unknownPhrases } from "../household/index.ts";
import { AGENT_VERSION } from "../version.ts";
import { GatewayAnswers } from "./gateway-answers.ts";
import type { Home, HomeParts } from "./home.ts";
import { grammarOf, OPEN_GRAMMAR } from "./sentences.ts";

/** A gateway takes that many at most, and the household's own limit is lower still. */
const MOST_WAKE_WORDS = 20;

/** Somebody's gateway, OpenClaw of today or Moltbot of January, that this node joined without a hub. */
export class GatewayHome implements Home {
  readonly answers: GatewayAnswers;
  readonly #parts: HomeParts;
  readonly #config: UplinkConfig;
  readonly #uplink: Uplink;
  #applied: NodeConfig;

  constructor(parts: HomeParts, config: UplinkConfig, make?: MakeClient) {
    this.#parts = parts;
    this.#config = config;
    const { identity, speaker, events, clock, log } = parts;
    const { name, room, stateDir } = parts.config;
    const grammar = config.dictation ? OPEN_GRAMMAR : grammarOf(config.sentences);
    this.#applied = { hubVersion: AGENT_VERSION, wakeWords: [], ...(grammar === undefined ? {} : { grammar }) };
    const code = parts.setupCode === undefined ? undefined : parseSetupCode(parts.setupCode);
    this.#uplink = new Uplink({
      url: gatewayUrl(config.url ?? code?.url ?? ""),
      directory: path.join(stateDir, "uplink"),
      identity,
      secret: {
        ...(config.token === undefined ? {} : { token: config.token }),
        ...(config.password === undefined ? {} : { password: config.password }),
        ...(code === undefined ? {} : { bootstrapToken: code.bootstrapToken }),
      },
      tlsFingerprint: config.tlsFingerprint,
      about: { displayName: name, version: AGENT_VERSION, platform: process.platform, deviceFamily: "Linux" },
      offer: () => offerOf(parts.manifest(), config),
      sessionKey: config.session ?? slug(room ?? name),
      askAs: config.ask,
      talk: config.talk,
      execute: (request) => this.#execute(request),
      mouth: {
        say: async (sentence) => void (await speaker.say(sentence)),
        hush: () => speaker.hush(),
      },
      patienceMs: config.replyMs,
      wakeWords: (words) => this.#wakeWords(words),
      hostStats: async () => hostStats(await parts.health()),
      ...{ clock, log },
      ...(make === undefined ? {} : { make }),
    });
    this.answers = new GatewayAnswers({ uplink: this.#uplink, speaker, events, log });
  }

  get connected(): boolean {
    return this.#uplink.connected;
  }

  async start(): Promise<void> {
    const { apply, events } = this.#parts;
    this.#uplink.events.on(
      "status",
      ({ state, gateway, device, surface, operator, ...rest }) =>
        events.emit("state", {
          ...{ part: "uplink", state: device ? "pending" : state, gateway },
          ...(rest.reason === undefined ? {} : { reason: rest.reason }),
          ...{
            protocol: rest.protocol,
            device,
            surface,
            operator,
            unknownWakeWords: rest.unknownWakeWords,
            talk: rest.talk,
          },
        }),
      this,
    );
    await apply(this.#applied);
    await this.#uplink.start();
  }

  async stop(): Promise<void> {
    await this.#uplink.stop();
    this.#uplink.events.dropOwner(this);
  }

  wake(_event: WakeEvent): void {
    // A gateway is told what was said, not that somebody is about to speak.
  }

  turn(): void {
    // `answers` puts it to the gateway.
  }

  spoken(): void {
    // The protocol has no place for it.
  }

  notice(kind: string, data: JsonObject): void {
    this.#parts.log.info(data, `noticed: ${kind}`);
  }

  async telemetry(_sample: BoardTelemetry): Promise<void> {
    // The gateway gets its own, shorter report each minute.
  }

  changed(): void {
    this.#uplink.offerChanged();
  }

  stopTalking(): boolean {
    return this.#uplink.conversation.stop();
  }

  /** What is not offered is not done either, whatever the gateway believes. */
  async #execute(request: CommandRequest): Promise<CommandResult> {
    if (isOffered(this.#config, request.command)) return this.#parts.execute(request);
    const message = `${request.command} is not offered to this gateway by the node's own configuration`;
    const { commandId, idempotencyKey } = request;
    const error = { code: "POLICY_DENIED", message };
    return { commandId, idempotencyKey, ok: false, error, duplicate: false, startedAt: this.#now(), durationMs: 0 };
  }

  async #wakeWords(words: readonly string[]): Promise<readonly string[]> {
    const { apply, hardware, log } = this.#parts;
    const taken = words.filter((word) => word.trim() !== "" && word.length <= 80).slice(0, MOST_WAKE_WORDS);
    const unknown = unknownPhrases(taken, hardware.wakePhrases);
    if (unknown.length > 0) {
      const known = hardware.wakePhrases ?? [];
      log.warn({ unknown, known }, "the wake engine does not have these wake words of the gateway");
    }
    this.#applied = { ...this.#applied, wakeWords: [...taken] };
    try {
      await apply(this.#applied);
    } catch (error) {
      log.error({ reason: messageOf(error) }, "the gateway's wake words could not be used");
    }
    return unknown;
  }

  #now(): number {
    return Math.floor(this.#parts.clock.now());
  }
}

function slug(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "") || "room"
  );
}

/** As today's gateways have it; undefined when the board does not tell enough. */
function hostStats({ cpu, memory, disk }: BoardTelemetry): JsonObject | undefined {
  if (cpu?.cores === undefined || memory === undefined) return undefined;
  return {
    cpuCount: cpu.cores,
    memoryTotalBytes: memory.totalBytes,
    memoryFreeBytes: Math.min(memory.availableBytes, memory.totalBytes),
    ...(disk === undefined
      ? {}
      : {
          diskTotalBytes: Math.round(disk.totalBytes),
          diskAvailableBytes: Math.round(Math.min(disk.freeBytes, disk.totalBytes)),
        }),
  };
}
