import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  createRecogniser,
  parseJsgf,
  type Recogniser,
  type RecogniserPaths,
  type Recognition,
  readSpeechWav,
  type SpeechGrammar,
  transcribeFile,
} from "@barnacle/hardware/speech";
import { loadConfig } from "@barnacle/protocol/config";
import { BarnacleError, type ErrorShape, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import { HubConfig } from "../config/schema.ts";
import { demoAppliances, demoHousehold } from "../demo/household.ts";
import { makeLanguage } from "../intents/index.ts";

export interface TranscribeOptions extends RecogniserPaths {
  /** Default `pocketsphinx`. */
  readonly engine?: string;
  /** A JSGF file, instead of a household. */
  readonly grammar?: string;
  /** A hub configuration whose household makes the grammar; without it and without `grammar`, the demo house's. */
  readonly config?: string;
  /** Makes the recogniser; for tests. */
  readonly create?: typeof createRecogniser;
}

/** What one file holds. */
export interface Transcription {
  readonly file: string;
  /** "" when the speech was rejected, when there was none, or when the file could not be read. */
  readonly text: string;
  readonly engine: string;
  /** 0 to 1; absent when the file could not be read. */
  readonly confidence?: number;
  readonly outcome?: Recognition["outcome"];
  /** The nearest sentence of a rejection. */
  readonly nearest?: string;
  readonly error?: ErrorShape;
}

/**
 * Recognises recordings (16 kHz, mono, 16 bit), one after the other, with one engine. A file that cannot be used is
 * reported in its place and does not keep the others from being heard.
 * @throws ENGINE_UNKNOWN, LIBRARY_MISSING, MODEL_MISSING, MODEL_INVALID, CONFIG_INVALID, FILE_UNREADABLE (grammar, config)
 */
export async function transcribeFiles(
  files: readonly string[],
  options: TranscribeOptions = {},
): Promise<readonly Transcription[]> {
  const { engine = "pocketsphinx", library, model, create = createRecogniser } = options;
  const grammar = await grammarOf(options);
  const recogniser = create(engine, { ...(library ? { library } : {}), ...(model ? { model } : {}) });
  try {
    await recogniser.load(grammar);
    const results: Transcription[] = [];
    for (const file of files) results.push(await transcribe(recogniser, file));
    return results;
  } finally {
    await recogniser.close();
  }
}

async function transcribe(recogniser: Recogniser, file: string): Promise<Transcription> {
  try {
    const { outcome, text, confidence, nearest, engine } = await transcribeFile(recogniser, await readSpeechWav(file));
    return { file, text, engine, confidence, outcome, ...(nearest === undefined ? {} : { nearest }) };
  } catch (error) {
    return { file, text: "", engine: recogniser.name, error: toBarnacleError(error).toShape() };
  }
}

async function grammarOf(options: TranscribeOptions): Promise<SpeechGrammar> {
  if (options.grammar !== undefined) return grammarFile(options.grammar);
  if (options.config === undefined) return household({ ...demoHousehold, appliances: [...demoAppliances] });
  return household(loadConfig(HubConfig, options.config).household);
}

function household(config: HubConfig["household"]): SpeechGrammar {
  const rooms = [...config.rooms, ...config.appliances.flatMap((appliance) => appliance.room ?? [])];
  const { hash, jsgf } = makeLanguage({ ...config, rooms, areas: Object.keys(config.areas) });
  return { hash, jsgf, pronunciations: config.pronunciations };
}

/** @throws FILE_UNREADABLE, INPUT_INVALID when it is not JSGF */
async function grammarFile(file: string): Promise<SpeechGrammar> {
  let jsgf: string;
  try {
    jsgf = await readFile(file, "utf8");
  } catch (cause) {
    throw new BarnacleError("FILE_UNREADABLE", `cannot read the grammar ${file}: ${messageOf(cause)}`, { cause });
  }
  parseJsgf(jsgf);
  return { hash: createHash("sha256").update(jsgf).digest("hex"), jsgf, pronunciations: {} };
}
