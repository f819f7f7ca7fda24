import { BarnacleError } from "@barnacle/protocol/errors";
import type { Channel, ChannelAccount, Delivery, Household, Outgoing } from "../services.ts";
import { able, type Speakers, speakInRooms } from "./speak.ts";

const ALL = "all";
const MOST_CHARS = 2000;

/** The loudspeakers of the house: a message to a room is spoken there, one to `all` everywhere. */
export class RoomsChannel implements Channel {
  readonly id = "rooms";
  readonly label = "Rooms";
  readonly detailLabel = "Loudspeakers of the rooms";
  readonly systemImage = "speaker.wave.2";
  readonly everybody = ALL;
  readonly #speakers: Speakers;
  readonly #household: Pick<Household, "rooms">;
  readonly #last = new Map<string, { at?: number; error?: string }>();
  readonly #now: () => number;

  constructor(options: Speakers & { household: Pick<Household, "rooms">; now: () => number }) {
    this.#speakers = options;
    this.#household = options.household;
    this.#now = options.now;
  }

  accounts(): readonly ChannelAccount[] {
    const speaking = new Set(able(this.#speakers.devices).map((device) => device.room?.toLowerCase()));
    return this.#household.rooms().map((room) => {
      const connected = speaking.has(room.toLowerCase());
      const { at, error } = this.#last.get(room.toLowerCase()) ?? {};
      return {
        ...{ accountId: room, name: room, enabled: true, configured: true, running: connected, connected },
        ...(at === undefined ? {} : { lastOutboundAt: at }),
        ...(error === undefined ? {} : { lastError: error }),
      };
    });
  }

  async send({ to, text, key, principal }: Outgoing): Promise<Delivery> {
    if (text.length > MOST_CHARS) {
      throw new BarnacleError("INPUT_INVALID", `a room is told at most ${MOST_CHARS} characters, got ${text.length}`);
    }
    const room = this.#room(to);
    try {
      const spoken = await speakInRooms(this.#speakers, { text, key, principal, room });
      const at = this.#now();
      for (const one of spoken)
        if (one.room !== undefined && !one.failure) this.#last.set(one.room.toLowerCase(), { at });
      const by = spoken.map(({ deviceId, failure }) => ({ deviceId, ...(failure ? { error: failure.message } : {}) }));
      return { to: room ?? ALL, ...(room === undefined ? {} : { room }), detail: { spoken: by } };
    } catch (error) {
      if (room !== undefined) this.#last.set(room.toLowerCase(), { error: (error as Error).message });
      throw error;
    }
  }

  /** `Kitchen`, `room:kitchen`, `all`, `*`. @throws INPUT_INVALID naming the rooms */
  #room(to: string): string | undefined {
    const wanted = to
      .replace(/^rooms?:/i, "")
      .trim()
      .toLowerCase();
    if (wanted === ALL || wanted === "*") return undefined;
    const rooms = this.#household.rooms();
    const found = rooms.find((room) => room.toLowerCase() === wanted);
    if (found !== undefined) return found;
    throw new BarnacleError(
      "INPUT_INVALID",
      `no room is called "${to.slice(0, 60)}"; there are ${[...rooms, ALL].join(", ")}`,
    );
  }
}
