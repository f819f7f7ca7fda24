import { createHash } from "node:crypto";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Speech, VoiceStatus, Voices } from "../services.ts";
import type { Store } from "../store/index.ts";

const MOST_CHARS = 4000;
/** Files of speech that are kept; the oldest go first. */
const KEPT_FILES = 20;

/** What `@barnacle/hardware/voice` offers, as far as it is used here. */
export interface VoiceEngines {
  readonly names: readonly string[];
  available(name: string): Promise<boolean>;
  synthesise(
    name: string,
    text: string,
    options: { voice?: string; speed?: number },
  ): Promise<{ readonly wav: Buffer; readonly sampleRate: number; readonly durationMs: number }>;
}

export interface HubVoicesOptions {
  readonly store: Store;
  /** Called at first use. */
  readonly engines: () => Promise<VoiceEngines>;
}

/** The hub's own voice: programs of this machine, the one that was chosen first. */
export class HubVoices implements Voices {
  readonly #store: Store;
  readonly #engines: HubVoicesOptions["engines"];

  constructor(options: HubVoicesOptions) {
    this.#store = options.store;
    this.#engines = options.engines;
  }

  async status(): Promise<VoiceStatus> {
    const engines = await this.#engines();
    const providers = await Promise.all(
      engines.names.map(async (id) => ({ id, name: id, configured: await engines.available(id) })),
    );
    const [provider = ""] = this.#order(engines, providers);
    return { enabled: this.#setting("enabled") !== "false", provider, providers };
  }

  setEnabled(enabled: boolean): Promise<void> {
    return this.#keep("enabled", String(enabled));
  }

  async setProvider(provider: string): Promise<string> {
    const { names } = await this.#engines();
    const wanted = provider.trim().toLowerCase();
    if (!names.includes(wanted)) {
      throw new BarnacleError("INPUT_INVALID", `Invalid provider. Use ${names.join(" or ")}.`);
    }
    await this.#keep("provider", wanted);
    return wanted;
  }

  async speak(text: string, options: { voice?: string; wordsPerMinute?: number } = {}): Promise<Speech> {
    if (text.length > MOST_CHARS) {
      throw new BarnacleError("INPUT_INVALID", `text too long (${text.length} characters, max ${MOST_CHARS})`);
    }
    const engines = await this.#engines();
    const { voice, wordsPerMinute: speed } = options;
    const how = { ...(voice === undefined ? {} : { voice }), ...(speed === undefined ? {} : { speed }) };
    let failure: unknown = new BarnacleError("LIBRARY_MISSING", "no program that speaks is installed", {
      hint: "Install the Debian package espeak-ng.",
    });
    for (const name of this.#order(engines, (await this.status()).providers)) {
      try {
        return { provider: name, ...(await engines.synthesise(name, text, how)) };
      } catch (error) {
        if (error instanceof BarnacleError && error.code === "INPUT_INVALID") throw error;
        failure = error;
      }
    }
    throw failure;
  }

  async file({ wav }: Speech): Promise<string> {
    const folder = join(this.#store.stateDir, "speech");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, `${createHash("sha256").update(wav).digest("hex").slice(0, 32)}.wav`);
    await writeFile(file, wav, { mode: 0o600 });
    const files = (await readdir(folder)).filter((name) => name.endsWith(".wav")).map((name) => join(folder, name));
    const dated = await Promise.all(files.map(async (name) => ({ name, at: (await stat(name)).mtimeMs })));
    const old = dated.sort((a, b) => b.at - a.at).slice(KEPT_FILES);
    for (const { name } of old) await rm(name, { force: true });
    return file;
  }

  /** Those that can speak, the chosen one first. */
  #order(engines: VoiceEngines, providers: VoiceStatus["providers"]): string[] {
    const able = engines.names.filter((name) => providers.find(({ id }) => id === name)?.configured);
    const chosen = this.#setting("provider");
    return able.toSorted((a, b) => Number(b === chosen) - Number(a === chosen));
  }

  #setting(name: string): string | undefined {
    const row = this.#store.one("SELECT value FROM speech_settings WHERE name = ?", name);
    return row && String(row.value);
  }

  async #keep(name: string, value: string): Promise<void> {
    const sql =
      "INSERT INTO speech_settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    await this.#store.commit(() => this.#store.run(sql, name, value));
  }
}
