import { isDeepStrictEqual } from "node:util";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { NodeActual, NodeWanted, WantedProblem } from "@barnacle/protocol/node-config";
import { type Clock, Events, type Log, type Unit } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { NodeConfiguration } from "../config/index.ts";
import { type Kept, WantedFile } from "./wanted-file.ts";

/** Starts that a tried configuration gets before it is given up: what ends the process leaves nobody to count time. */
const MOST_STARTS = 3;

export interface WantedParts {
  readonly stateDir: string;
  /** The node's configuration with this over its file. @throws CONFIG_INVALID */
  readonly resolve: (wanted: JsonObject | undefined) => NodeConfiguration;
  readonly clock: Clock;
  readonly log: Log;
}

export interface WantedEvents {
  /** `live`: nothing that needs a restart has changed. */
  changed: { readonly config: NodeConfiguration; readonly live: boolean };
  actual: { readonly actual: NodeActual };
}

/**
 * The configuration that the hub wants, against the one in force. A new one that does not fit is refused by its keys and
 * the old one stays. One that fits is tried: it becomes the current one when the hub was reached with it, and the one
 * before is restored when that does not happen in time, when the node cannot start with it, or dies of it.
 */
export class Wanted implements Unit {
  readonly events = new Events<WantedEvents>();
  readonly #parts: WantedParts;
  readonly #file: WantedFile;
  #kept: Kept = {};
  #config: NodeConfiguration | undefined;
  #cancel: (() => void) | undefined;
  /** The node runs with what is tried. */
  #trying = false;

  constructor(parts: WantedParts) {
    this.#parts = parts;
    this.#file = new WantedFile(parts.stateDir, parts.log);
  }

  /** What to start with, from the last copy: no hub is needed. Counts the starts of one that is being tried. */
  boot(): NodeConfiguration {
    this.#kept = this.#file.read();
    const { trial } = this.#kept;
    if (trial && trial.starts >= MOST_STARTS) {
      this.#giveUp(`the node did not come up with it in ${MOST_STARTS} starts`);
    } else if (trial) {
      this.#keep({ ...this.#kept, trial: { ...trial, starts: trial.starts + 1 } });
    }
    return this.#resolve();
  }

  async start(): Promise<void> {
    this.#trying = this.#kept.trial !== undefined;
    if (!this.#trying) return;
    const { clock } = this.#parts;
    const ms = (this.#config?.fleet.trialS ?? 0) * 1000;
    this.#cancel = clock.after(ms, () => {
      this.failed(`the hub was not reached with it within ${ms / 1000} s`);
    });
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#trying = false;
  }

  /** The hub has been reached: what was tried is proven. */
  online(): void {
    const { trial, refused } = this.#kept;
    if (trial && this.#trying) {
      void this.stop();
      this.#keep({ current: trial.wanted, ...(refused ? { refused } : {}) });
      this.#parts.log.info({ revision: trial.wanted.revision }, "the wanted configuration is in force");
    }
    this.#tell();
  }

  /** What is tried does not work. @returns false when nothing was being tried */
  failed(why: string): boolean {
    if (!this.#kept.trial) return false;
    void this.stop();
    this.#giveUp(why);
    this.events.emit("changed", { config: this.#resolve(), live: false });
    return true;
  }

  receive(wanted: NodeWanted): void {
    const { current, trial, refused } = this.#kept;
    const known = [(trial?.wanted ?? current)?.revision, wanted.again ? undefined : refused?.revision];
    if (known.includes(wanted.revision)) {
      this.#tell();
      return;
    }
    let config: NodeConfiguration;
    try {
      config = this.#parts.resolve(wanted.config);
    } catch (error) {
      this.#parts.log.warn(
        { revision: wanted.revision, reason: messageOf(error) },
        "a wanted configuration is refused",
      );
      this.#keep({ ...this.#kept, refused: { revision: wanted.revision, problems: problemsOf(error) } });
      this.#tell();
      return;
    }
    const before = this.#config;
    const live = before !== undefined && withoutLive(before, config);
    try {
      // What changes nothing that could part the node from its hub needs no proof.
      this.#keep(
        live && !trial ? { current: wanted } : { ...(current ? { current } : {}), trial: { wanted, starts: 0 } },
      );
    } catch (error) {
      this.#parts.log.error({ reason: messageOf(error) }, "a wanted configuration could not be kept; it is not used");
      return;
    }
    this.#config = config;
    const proven = live && !trial;
    this.events.emit("changed", { config, live: proven });
    if (proven) this.#tell();
  }

  actual(): NodeActual {
    const { current, trial, refused } = this.#kept;
    // What is tried is not in force for others before it has reached the hub; then it is current.
    const revision = (trial ? current : this.#kept.current)?.revision ?? null;
    return { revision, kept: [...(this.#config?.kept ?? [])].slice(0, 100), ...(refused ? { refused } : {}) };
  }

  #giveUp(why: string): void {
    const { current, trial } = this.#kept;
    if (!trial) return;
    const { revision } = trial.wanted;
    this.#parts.log.error(
      { revision, reason: why },
      "the wanted configuration is given up; the one before is restored",
    );
    this.#keep({ ...(current ? { current } : {}), refused: { revision, problems: [{ key: "", message: why }] } });
  }

  /** The one in force; when the node's own file has changed so that it no longer fits, the file alone. */
  #resolve(): NodeConfiguration {
    const { current, trial } = this.#kept;
    try {
      this.#config = this.#parts.resolve((trial?.wanted ?? current)?.config);
    } catch (error) {
      if (!trial && !current) throw error;
      this.#parts.log.error({ reason: messageOf(error) }, "what the hub wants no longer fits the node's file");
      this.#config = this.#parts.resolve(undefined);
      const refused = (trial?.wanted ?? current)?.revision;
      this.#keep(refused === undefined ? {} : { refused: { revision: refused, problems: problemsOf(error) } });
    }
    return this.#config;
  }

  #keep(kept: Kept): void {
    this.#file.write(kept);
    this.#kept = kept;
  }

  #tell(): void {
    this.events.emit("actual", { actual: this.actual() });
  }
}

/** Whether the two differ only in what a running node can change. */
function withoutLive(a: NodeConfiguration, b: NodeConfiguration): boolean {
  const rest = ({ telemetry: _t, deny: _d, name: _n, appliances: _a, kept: _k, ...other }: NodeConfiguration) => other;
  return isDeepStrictEqual(rest(a), rest(b));
}

function problemsOf(error: unknown): WantedProblem[] {
  const { problems } = (error instanceof BarnacleError ? (error.details ?? {}) : {}) as {
    problems?: { key?: unknown; expected?: unknown }[];
  };
  if (!Array.isArray(problems) || problems.length === 0) return [{ key: "", message: messageOf(error).slice(0, 1000) }];
  return problems
    .slice(0, 20)
    .map(({ key, expected }) => ({ key: String(key ?? "").slice(0, 200), message: String(expected).slice(0, 1000) }));
}
