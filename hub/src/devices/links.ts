/** One live connection of a device. */
export interface Link {
  readonly transport: "mqtt" | "websocket";
  readonly incarnation: number;
  readonly sinceMs: number;
  /** Monotonic time of the last sign of life. */
  lastHeard: number;
  /** Connected, but silent for too long. */
  quiet: boolean;
}

/** Heartbeats come every 10 to 15 seconds; three missed in a row mean that nobody is there. */
export const SILENCE_MS = 45_000;

/**
 * The connections of one device. An MQTT node has one, and a newer incarnation replaces an older; a gateway identity may
 * have several at once, because the command line and other clients of one machine share it.
 */
export class Links {
  #links: Link[] = [];
  #newest = 0;

  /** @param floor the newest incarnation ever admitted */
  constructor(floor = 0) {
    this.#newest = floor;
  }

  get online(): boolean {
    return this.#links.some((link) => !link.quiet);
  }

  /** The connection to speak of: the newest that is alive. */
  get current(): Link | undefined {
    return this.#links.findLast((link) => !link.quiet) ?? this.#links.at(-1);
  }

  /** @returns false for a connection older than one already seen: a late birth */
  open(transport: Link["transport"], incarnation: number, wallMs: number, monotonicMs: number): boolean {
    if (transport === "mqtt") {
      if (incarnation < this.#newest) return false;
      this.#newest = incarnation;
      this.#drop((link) => link.transport === "mqtt" && link.incarnation !== incarnation);
    }
    const known = this.#links.find((link) => link.transport === transport && link.incarnation === incarnation);
    if (known) Object.assign(known, { lastHeard: monotonicMs, quiet: false });
    else this.#links.push({ transport, incarnation, sinceMs: wallMs, lastHeard: monotonicMs, quiet: false });
    return true;
  }

  /** A newer MQTT connection was admitted: from now on the end of an older one says nothing. */
  supersede(incarnation: number): void {
    this.#newest = Math.max(this.#newest, incarnation);
  }

  /** Ends one connection, or all when `incarnation` is absent. Late news of a superseded one is ignored. */
  close(incarnation: number | undefined, transport?: Link["transport"]): void {
    this.#drop((link) => {
      if (transport !== undefined && link.transport !== transport) return false;
      if (incarnation === undefined) return true;
      if (link.transport === "websocket") return link.incarnation === incarnation;
      return incarnation >= this.#newest;
    });
  }

  heard(monotonicMs: number): void {
    const link = this.#links.findLast((l) => l.transport === "mqtt") ?? this.#links.at(-1);
    if (link) Object.assign(link, { lastHeard: monotonicMs, quiet: false });
  }

  /** Marks what has been silent for too long. WebSocket connections have a keep-alive of their own. */
  expire(monotonicMs: number): void {
    for (const link of this.#links) {
      if (link.transport === "mqtt" && monotonicMs - link.lastHeard > SILENCE_MS) link.quiet = true;
    }
  }

  #drop(which: (link: Link) => boolean): void {
    this.#links = this.#links.filter((link) => !which(link));
  }
}
