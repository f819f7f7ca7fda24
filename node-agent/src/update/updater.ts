import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import { type Static, Type } from "@sinclair/typebox";
import type { Settings } from "../state/index.ts";
import type { Installer } from "./installer.ts";

const KEY = "update";

const Kept = Type.Object({
  /** Installed and proven; its file is kept to go back to. */
  proven: Type.Optional(Type.String()),
  /** Being installed, or installed and not yet proven. */
  trial: Type.Optional(Type.String()),
  /** The program that installs has ended well. */
  installed: Type.Optional(Type.Boolean()),
});
type Kept = Static<typeof Kept>;

export interface PackageWanted {
  readonly source: string;
  /** Of the package, hex. */
  readonly sha256: string;
  /** What this program calls itself afterwards. */
  readonly version?: string | undefined;
}

export interface UpdaterParts {
  readonly directory: string;
  /** Absent: the node's own file names no program that installs. */
  readonly installer: Installer | undefined;
  readonly fetch: (source: string, sha256: string, file: string) => Promise<void>;
  readonly settings: Settings;
  readonly version: string;
  readonly trialMs: number;
  /** This program is to be started anew, by whoever started it. */
  readonly leave: (reason: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Installs packages whose checksum was right, one at a time. One that was installed is proven when the hub was reached
 * with it; when that does not happen in time the last proven one is installed again, if there was one.
 */
export class Updater implements Unit {
  readonly #parts: UpdaterParts;
  #cancel: (() => void) | undefined;
  #busy = false;

  constructor(parts: UpdaterParts) {
    this.#parts = parts;
  }

  /** Why nothing can be installed here. */
  missing(): string | undefined {
    return this.#parts.installer ? undefined : "no fleet.update.command in the node's own configuration";
  }

  async start(): Promise<void> {
    const { trial, installed, proven } = this.#kept;
    if (trial === undefined) return;
    const { clock, log, trialMs } = this.#parts;
    if (!installed) {
      // The node went down in the middle: what is installed now nobody here knows, so it is not kept to go back to.
      log.warn({ sha256: trial }, "an installation was cut off; whether the package is installed is not known");
      this.#keep(proven === undefined ? {} : { proven });
      return;
    }
    this.#cancel = clock.after(trialMs, () => void this.#goBack(`the hub was not reached within ${trialMs / 1000} s`));
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** The hub has been reached: what was installed is proven. */
  online(): void {
    const { trial } = this.#kept;
    if (trial === undefined || this.#busy) return;
    void this.stop();
    this.#keep({ proven: trial });
    for (const name of readdirSync(this.#parts.directory)) {
      if (name !== path.basename(this.#file(trial))) rmSync(path.join(this.#parts.directory, name), { force: true });
    }
  }

  /** Resolves when the package is installed; this program then ends. @throws COMMAND_FAILED, CONFLICT */
  async update(wanted: PackageWanted): Promise<JsonObject> {
    const { directory, fetch, installer, leave, log } = this.#parts;
    if (this.#busy || !installer)
      throw new BarnacleError("CONFLICT", this.missing() ?? "another package is being installed");
    this.#busy = true;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const file = this.#file(wanted.sha256);
      await fetch(wanted.source, wanted.sha256, file);
      const { proven } = this.#kept;
      this.#keep({ ...(proven === undefined ? {} : { proven }), trial: wanted.sha256 });
      try {
        await installer.install(file);
      } catch (error) {
        await this.#restore(messageOf(error));
        throw error;
      }
      this.#keep({ ...this.#kept, installed: true });
      log.info(
        { source: wanted.source, sha256: wanted.sha256 },
        "a package was installed; this program ends for the new one",
      );
      leave("a package was installed");
      return { installed: wanted.sha256 };
    } finally {
      this.#busy = false;
    }
  }

  /** What came of an installation in whose middle this program ended. */
  async already({ sha256, version }: PackageWanted): Promise<JsonObject | undefined> {
    const { proven, trial, installed } = this.#kept;
    const runs = version !== undefined && version === this.#parts.version;
    const known = proven === sha256 || (installed === true && trial === sha256);
    return runs || (version === undefined && known) ? { installed: sha256 } : undefined;
  }

  async #goBack(why: string): Promise<void> {
    if (await this.#restore(why)) this.#parts.leave("the package before was installed again");
  }

  /** @returns whether there was one to go back to */
  async #restore(why: string): Promise<boolean> {
    const { installer, log } = this.#parts;
    const { proven, trial } = this.#kept;
    this.#keep(proven === undefined ? {} : { proven });
    const file = proven === undefined ? undefined : this.#file(proven);
    if (!installer || file === undefined || !existsSync(file)) {
      log.error({ sha256: trial, reason: why }, "a package does not prove itself, and there is none to go back to");
      return false;
    }
    log.error({ sha256: trial, reason: why }, "a package does not prove itself; the one before is installed again");
    try {
      await installer.install(file);
      return true;
    } catch (error) {
      log.error({ reason: messageOf(error) }, "the package before could not be installed again");
      return false;
    }
  }

  get #kept(): Kept {
    return this.#parts.settings.get(KEY, Kept) ?? {};
  }

  #keep(kept: Kept): void {
    this.#parts.settings.set(KEY, kept);
  }

  #file(sha256: string): string {
    return path.join(this.#parts.directory, `${sha256}.deb`);
  }
}
