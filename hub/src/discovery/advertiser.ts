import { messageOf } from "@barnacle/protocol/errors";
import type { Log, Unit } from "@barnacle/protocol/runtime";
import type { Announcement } from "./announcement.ts";

/** What answers multicast DNS queries. */
export interface MdnsResponder {
  createService(options: Announcement): { advertise(): Promise<void> };
  shutdown(): Promise<void>;
}

export interface AdvertiserOptions {
  /** Asked at the start, when the port is known. */
  readonly announcements: () => readonly Announcement[];
  readonly responder?: () => Promise<MdnsResponder>;
  readonly log: Log;
}

/** Tells the LAN by multicast DNS where the gateway is. Nothing depends on it: without it people type the address. */
export class Advertiser implements Unit {
  readonly #options: AdvertiserOptions;
  #responder: Promise<MdnsResponder> | undefined;
  #told: Promise<unknown> = Promise.resolve();

  constructor(options: AdvertiserOptions) {
    this.#options = options;
  }

  /** Resolves when every service has been announced, or could not be. */
  get told(): Promise<unknown> {
    return this.#told;
  }

  async start(): Promise<void> {
    const { responder = ciao } = this.#options;
    this.#responder = responder();
    // Probing whether a name is free takes a second, for which the hub does not wait.
    this.#told = this.#advertise(this.#responder);
  }

  /** Says goodbye, so that lists of services forget it at once. */
  async stop(): Promise<void> {
    const responder = this.#responder;
    this.#responder = undefined;
    if (!responder) return;
    try {
      await (await responder).shutdown();
    } catch (error) {
      this.#options.log.debug({ problem: messageOf(error) }, "the end of the mDNS announcement was not told");
    }
  }

  async #advertise(responder: Promise<MdnsResponder>): Promise<void> {
    const { log, announcements } = this.#options;
    try {
      const ready = await responder;
      await Promise.all(announcements().map((one) => ready.createService(one).advertise()));
    } catch (error) {
      if (this.#responder) log.warn({ problem: messageOf(error) }, "the gateway could not be announced by mDNS");
    }
  }
}

async function ciao(): Promise<MdnsResponder> {
  const { default: library } = await import("@homebridge/ciao");
  const responder = library.getResponder();
  return {
    createService: ({ txt, ...options }) => responder.createService({ ...options, txt: { ...txt } }),
    shutdown: () => responder.shutdown(),
  };
}
