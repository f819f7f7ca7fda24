import { BarnacleError, type ErrorShape, fromShape, toBarnacleError } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { Channel, Channels, Inbox, SendRequest, Sent } from "../services.ts";
import type { Store } from "../store/index.ts";

/** How long a key is remembered. Source: gateway protocol 3, "idempotency and duplicates". */
const REMEMBERED_MS = 5 * 60_000;

type Outcome = { readonly sent: Sent } | { readonly error: ErrorShape };

export interface HouseChannelsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly inbox: Pick<Inbox, "enter">;
  /** The first is the one that is meant when none is named. */
  readonly channels: readonly Channel[];
}

/**
 * Everything that goes out to people. The key of a message is on disk before it is sent; when the hub dies in between, a
 * repeat sends under the same key, which channels must not deliver twice.
 */
export class HouseChannels implements Channels {
  readonly #options: HouseChannelsOptions;
  readonly #underWay = new Map<string, { readonly about: string; readonly sent: Promise<Sent> }>();

  constructor(options: HouseChannelsOptions) {
    this.#options = options;
  }

  list(): readonly Channel[] {
    return this.#options.channels;
  }

  get(id: string): Channel {
    const found = this.#options.channels.find((channel) => channel.id === id.trim().toLowerCase());
    if (found) return found;
    throw new BarnacleError("INPUT_INVALID", `unsupported channel: ${id.slice(0, 60)}`);
  }

  async send(request: SendRequest): Promise<Sent> {
    const { channels } = this.#options;
    const channel = request.channel === undefined ? channels[0] : this.get(request.channel);
    if (!channel) throw new BarnacleError("INPUT_INVALID", "no channel is configured");
    const to = request.to ?? channel.everybody;
    if (to === undefined) throw new BarnacleError("INPUT_INVALID", `the channel ${channel.id} needs a recipient`);
    if (request.text.trim() === "") throw new BarnacleError("INPUT_INVALID", "message: expected some text");
    const key = request.idempotencyKey;
    const about = JSON.stringify([channel.id, to, request.text]);
    const running = this.#underWay.get(key);
    if (running && running.about !== about) throw keyTaken(key);
    if (running) return running.sent;
    const sending = this.#once(channel, { ...request, to }, about);
    this.#underWay.set(key, { about, sent: sending });
    try {
      return await sending;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #once(channel: Channel, request: SendRequest & { to: string }, about: string): Promise<Sent> {
    const { store, clock } = this.#options;
    const { idempotencyKey: key } = request;
    const before = await store.commit(() => {
      store.run("DELETE FROM sent WHERE at < ?", clock.now() - REMEMBERED_MS);
      const row = store.one("SELECT request, outcome FROM sent WHERE key = ?", key);
      if (!row) store.run("INSERT INTO sent (key, at, request) VALUES (?, ?, ?)", key, clock.now(), about);
      return row;
    });
    if (before && before.request !== about) throw keyTaken(key);
    const known = before?.outcome == null ? undefined : (JSON.parse(String(before.outcome)) as Outcome);
    if (known) {
      if ("error" in known) throw fromShape(known.error);
      return known.sent;
    }
    return this.#deliver(channel, request);
  }

  async #deliver(channel: Channel, { to, text, idempotencyKey: key, principal }: SendRequest & { to: string }) {
    const { store, clock, inbox } = this.#options;
    const keep = (outcome: Outcome) =>
      store.run("UPDATE sent SET outcome = ? WHERE key = ?", JSON.stringify(outcome), key);
    try {
      const delivery = await channel.send({ to, text, key, principal });
      let sent: Sent | undefined;
      await inbox.enter(
        {
          ...{ channel: channel.id, account: delivery.to, externalId: key, direction: "out", text, at: clock.now() },
          sender: principal.name ?? `${principal.kind}:${principal.id}`,
          metadata: delivery.detail,
          ...(delivery.room === undefined ? {} : { room: delivery.room }),
        },
        ({ message }) => {
          sent = { messageId: message.id, channel: channel.id, to: delivery.to };
          keep({ sent });
        },
      );
      return sent as unknown as Sent;
    } catch (error) {
      const failure = toBarnacleError(error);
      await store.commit(() => keep({ error: failure.toShape() }));
      throw failure;
    }
  }
}

function keyTaken(key: string): BarnacleError {
  return new BarnacleError("CONFLICT", `the idempotency key ${key.slice(0, 60)} was used for another message`);
}
