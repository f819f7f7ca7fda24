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

/** The connections of one device: one per transport, where a newer incarnation replaces an older. */
export class Links {
  #links: Link[] = [];
  readonly #newest: Record<Link["transport"], number>;

  /** @param floor the newest incarnation ever admitted over MQTT */
  constructor(floor = 0) {
    this.#newest = { mqtt: floor, websocket: 0 };
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
    if (incarnation < this.#newest[transport]) return false;
    this.#newest[transport] = incarnation;
    const known = this.#links.find((link) => link.transport === transport && link.incarnation === incarnation);
    this.#links = this.#links.filter((link) => link.transport !== transport || link === known);
    if (known) Object.assign(known, { lastHeard: monotonicMs, quiet: false });
    else this.#links.push({ transport, incarnation, sinceMs: wallMs, lastHeard: monotonicMs, quiet: false });
    return true;
  }

  /** A newer MQTT connection was admitted: from now on the end of an older one says nothing. */
  supersede(incarnation: number): void {
    this.#newest.mqtt = Math.max(this.#newest.mqtt, incarnation);
  }

  /** Ends the connection of this incarnation, or all when it is absent. Late news of a superseded one is ignored. */
  close(incarnation: number | undefined, transport?: Link["transport"]): void {
    this.#links = this.#links.filter((link) => {
      if (transport !== undefined && link.transport !== transport) return true;
      return incarnation !== undefined && incarnation !== this.#newest[link.transport];
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
}
