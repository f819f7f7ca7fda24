import { messageOf } from "@barnacle/protocol/errors";
import type { WakeEvent } from "@barnacle/protocol/mqtt";
import { readSetupCode } from "@barnacle/protocol/pairing";
import type {
  BoardTelemetry,
  CommandRequest,
  JsonObject,
  VoiceTurnReport,
  VoiceTurnSpoken,
} from "@barnacle/protocol/schema";
import { spendSetupFile } from "../config/index.ts";
import { Link, LinkToken } from "../link/index.ts";
import { Outbox } from "../outbox/index.ts";
import { HubMembership } from "../pairing/index.ts";
import type { NodeDatabase } from "../state/index.ts";
import { AGENT_VERSION } from "../version.ts";
import type { Home, HomeParts } from "./home.ts";

const DAY_MS = 24 * 3600 * 1000;

/** A Barnacle hub, over MQTT. */
export class HubHome implements Home {
  readonly #parts: HomeParts;
  readonly #link: Link;
  readonly #outbox: Outbox;
  #announced = "";
  #spent = false;

  constructor(parts: HomeParts, db: NodeDatabase) {
    this.#parts = parts;
    const { config, clock, log, counters } = parts;
    this.#link = this.#makeLink();
    this.#outbox = new Outbox({
      ...{ db, clock, log, counters },
      capacity: config.outbox.messages,
      keepMs: config.outbox.days * DAY_MS,
      connected: () => this.#link.connected,
      send: (kind, id, body) => this.#link.publish(kind, body, { message: id }),
    });
  }

  get connected(): boolean {
    return this.#link.connected;
  }

  async start(): Promise<void> {
    const { reply, apply, events, wanted } = this.#parts;
    const link = this.#link;
    const outbox = this.#outbox;
    link.events.on("command", ({ body }) => this.#send(this.#execute(body), "command result"), this);
    link.events.on(
      "reply",
      ({ body }) => {
        outbox.acknowledge([body.turnId]);
        reply(body);
      },
      this,
    );
    link.events.on("ack", ({ body }) => outbox.acknowledge(body.ids), this);
    link.events.on("config", ({ body }) => this.#send(apply(body), "configuration"), this);
    link.events.on(
      "state",
      (state) => {
        events.emit("state", { part: "link", ...state });
        if (state.state !== "online") return;
        void outbox.reconnected();
        wanted?.online();
        this.#parts.online?.();
      },
      this,
    );
    link.events.on("wanted", ({ body }) => wanted?.receive(body), this);
    wanted?.events.on(
      "actual",
      ({ actual }) => this.#send(link.publish("actual", actual), "configuration in force"),
      this,
    );
    await outbox.start();
    await link.start();
  }

  async stop(): Promise<void> {
    await this.#link.stop();
    this.#link.events.dropOwner(this);
    this.#parts.wanted?.events.dropOwner(this);
    await this.#outbox.stop();
  }

  wake(event: WakeEvent): void {
    this.#send(this.#link.publish("wake", event), "wake event");
  }

  turn(report: VoiceTurnReport): void {
    this.#outbox.put("turn", report.turnId, report);
  }

  spoken(report: VoiceTurnSpoken): void {
    this.#outbox.put("spoken", `${report.turnId}-spoken`, report);
  }

  notice(kind: string, data: JsonObject): void {
    const { random, clock } = this.#parts;
    this.#outbox.put("notice", random.uuid(), { kind, at: Math.floor(clock.now()), data });
  }

  telemetry(sample: BoardTelemetry): Promise<void> {
    return this.#link.publish("telemetry", sample);
  }

  /** Sends the manifest again, if what it says is no longer what the hub was told. */
  changed(): void {
    if (this.connected && JSON.stringify(this.#parts.manifest()) !== this.#announced) {
      this.#send(this.#link.announce(), "capability manifest");
    }
  }

  get unsaved(): string | undefined {
    return this.#outbox.unwritable ? "the disk takes no messages" : undefined;
  }

  stopTalking(): boolean {
    return false;
  }

  async #execute(request: CommandRequest): Promise<void> {
    const result = await this.#parts.execute(request);
    await this.#link.publish("result", result, { topic: result.commandId });
  }

  #makeLink(): Link {
    const { config, identity, settings, setupCode, counters, events, manifest, clock, random, log } = this.#parts;
    const code = setupCode === undefined ? undefined : readSetupCode(setupCode);
    const membership = new HubMembership({
      ...{ hub: config.hub ?? code?.hub, identity, settings, clock, log },
      invitation: code ?? { secret: config.setup?.setupCode, authority: config.setup?.authority },
      token: (token) => new LinkToken(settings).offered(token),
      joined: () => this.#joined(),
      profile: () => {
        const { name, room, platform, agentVersion, capabilities, commands } = manifest();
        return {
          ...{ name, platform, agentVersion },
          ...(room === undefined ? {} : { room }),
          capabilities: capabilities.filter(({ available }) => available).map((capability) => capability.name),
          commands: commands.map((command) => command.name),
        };
      },
      pending: ({ requestId, command }) => {
        events.emit("state", { part: "link", state: "pending", requestId, command });
        log.warn({ requestId }, `this node waits for an operator's approval; on the hub run: ${command}`);
      },
    });
    return new Link({
      ...{ identity, agentVersion: AGENT_VERSION, membership, settings, counters, clock, random, log },
      manifest: () => {
        const current = manifest();
        this.#announced = JSON.stringify(current);
        return current;
      },
    });
  }

  /** A code that was used is taken off the card; it would only be told as wrong the next time. */
  #joined(): void {
    const { config, log } = this.#parts;
    if (config.setup?.setupCode === undefined || this.#spent) return;
    this.#spent = true;
    try {
      spendSetupFile(config.setup);
    } catch (error) {
      log.warn({ file: config.setup.file, problem: messageOf(error) }, "the used setup code could not be removed");
    }
  }

  /** What is lost when this fails is asked for again by the hub, or not worth keeping. */
  #send(work: Promise<void>, what: string): void {
    work.catch((error: unknown) => this.#parts.log.debug({ reason: messageOf(error) }, `${what} not delivered`));
  }
}
