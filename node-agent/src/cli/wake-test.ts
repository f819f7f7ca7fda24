import { Dither, readSpeechWav, SAMPLE_RATE, type Samples } from "@barnacle/hardware/audio";
import {
  createWakeEngine,
  WAKE_ENGINES,
  type WakeEngine,
  type WakeOptions,
  wakeEngineInfos,
} from "@barnacle/hardware/wake";
import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import { resolveConfig } from "../config/index.ts";
import { wakeOptions } from "../hardware/wake-options.ts";
import { COMMON, parseFlags } from "./options.ts";

const FLAGS = {
  ...COMMON,
  engine: { type: "string", default: "openwakeword" },
  phrase: { type: "string", multiple: true },
  threshold: { type: "string" },
} as const;

/** Near-silence around each file: an engine that starts in the middle of a word is not what runs in a room. */
const LEAD_MS = 2000;
const TAIL_MS = 1000;
const FRAME = 1280;
const KEYLESS = "porcupine-keyless";

export interface Detection {
  readonly engine: string;
  readonly phrase: string;
  readonly score: number;
  /** From the file's first sample. */
  readonly atMs: number;
}

export type WakeTestResult =
  | { readonly file: string; readonly detections: readonly Detection[] }
  | {
      readonly file: string;
      readonly error: { readonly code: string; readonly message: string; readonly hint: string };
    };

/** Runs an engine over recordings; a bad file is reported beside the results of the others, and gives exit status 1. */
export async function wakeTest(args: readonly string[], write: (text: string) => void): Promise<number> {
  const { values, positionals } = parseFlags(args, FLAGS);
  if (positionals.length === 0) throw new BarnacleError("USAGE", "wake-test needs at least one WAV file");
  const configured = wakeOptions(resolveConfig({ config: values.config, stateDir: values["state-dir"] }, process.env));
  const options = optionsFor(values.engine, configured, values.threshold);
  const engine = createWakeEngine({ ...options, phrases: values.phrase ?? allPhrases(values.engine, options) });
  await engine.load();
  const results: WakeTestResult[] = [];
  try {
    for (const file of positionals) results.push(await testFile(engine, values.engine, file));
  } finally {
    await engine.close();
  }
  write(values.json ? `${JSON.stringify(results)}\n` : results.map(asText).join(""));
  return results.some((result) => "error" in result) ? 1 : 0;
}

/** Feeds one recording between stretches of near-silence. */
export async function detectIn(engine: WakeEngine, name: string, samples: Samples): Promise<Detection[]> {
  const dither = new Dither();
  engine.reset();
  const detections: Detection[] = [];
  const lead = (LEAD_MS * SAMPLE_RATE) / 1000;
  const tail = (TAIL_MS * SAMPLE_RATE) / 1000;
  for (const part of [dither.next(lead), samples, dither.next(tail)]) {
    for (let at = 0; at < part.length; at += FRAME) {
      for (const hit of await engine.process(part.slice(at, at + FRAME))) {
        const atMs = Math.round(((hit.atSample - lead) * 1000) / SAMPLE_RATE);
        detections.push({ engine: name, phrase: hit.phrase, score: Math.round(hit.score * 1000) / 1000, atMs });
      }
    }
  }
  return detections;
}

async function testFile(engine: WakeEngine, name: string, file: string): Promise<WakeTestResult> {
  try {
    return { file, detections: await detectIn(engine, name, await readSpeechWav(file)) };
  } catch (error) {
    const { code, message, hint } = toBarnacleError(error);
    return { file, error: { code, message, hint } };
  }
}

function optionsFor(engine: string, configured: WakeOptions, threshold: string | undefined): WakeOptions {
  const names: string[] = [...WAKE_ENGINES.filter((name) => name !== "fake"), KEYLESS];
  const known = engine === KEYLESS ? "porcupine" : WAKE_ENGINES.find((name) => name === engine && name !== "fake");
  if (!known) throw new BarnacleError("ENGINE_UNKNOWN", `wake engine "${engine}"; one of: ${names.join(", ")}`);
  const score = threshold === undefined ? undefined : Number(threshold);
  if (score !== undefined && !(score >= 0 && score <= 1)) {
    throw new BarnacleError("USAGE", `--threshold ${threshold}: a number from 0 to 1 was expected`);
  }
  return {
    ...configured,
    engine: known,
    ...(engine === KEYLESS ? { keyless: true } : {}),
    ...(score === undefined ? {} : { threshold: score, sensitivity: score }),
  };
}

function allPhrases(name: string, options: WakeOptions): readonly string[] | undefined {
  const phrases = wakeEngineInfos(options).find((info) => info.engine === name)?.phrases ?? [];
  return phrases.length === 0 ? undefined : phrases;
}

function asText(result: WakeTestResult): string {
  if ("error" in result) return `${result.file}\n  ${result.error.code}: ${result.error.message}\n`;
  if (result.detections.length === 0) return `${result.file}\n  nothing heard\n`;
  const lines = result.detections.map(({ phrase, score, atMs }) => `  ${atMs} ms  ${phrase}  ${score.toFixed(3)}\n`);
  return `${result.file}\n${lines.join("")}`;
}
