import { Events } from "@barnacle/protocol/runtime";
import type { BeadsService } from "../services.ts";
import type { Beads, BeadsChanged, BeadsOptions } from "./beads.ts";

const PENDING = `SELECT EXISTS (SELECT 1 FROM beads WHERE lease_until IS NOT NULL)
  OR EXISTS (SELECT 1 FROM beads INDEXED BY beads_gates WHERE issue_type = 'gate' AND status = 'open') AS pending`;

/** The hub's beads, loaded when they are first asked for, or at the start when a gate or a claim waits for its time. */
export class LazyBeads implements BeadsService {
  readonly events = new Events<{ changed: BeadsChanged }>();
  readonly #options: Omit<BeadsOptions, "events">;
  #beads: Promise<Beads> | undefined;
  #stopped = false;

  constructor(options: Omit<BeadsOptions, "events">) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#stopped = false;
    if (this.#options.store.one(PENDING)?.pending === 1) await this.open();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const beads = this.#beads;
    this.#beads = undefined;
    await (await beads?.catch(() => undefined))?.stop();
  }

  open(): Promise<Beads> {
    this.#beads ??= this.#load().catch((error: unknown) => {
      this.#beads = undefined;
      throw error;
    });
    return this.#beads;
  }

  async #load(): Promise<Beads> {
    const { Beads } = await import("./index.ts");
    const beads = new Beads({ ...this.#options, events: this.events });
    if (!this.#stopped) await beads.start();
    return beads;
  }
}
