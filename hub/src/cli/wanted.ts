import { BarnacleError } from "@barnacle/protocol/errors";
import { type Command, Option } from "commander";
import type { Bound, RouteRequest, Wanted } from "../services.ts";

/** What `route explain` and `invoke` know about the device that is wanted. */
export interface WantedOptions {
  readonly room?: string;
  readonly cap?: string;
  readonly where?: string;
  readonly require?: readonly string[];
  readonly prefer?: readonly string[];
  readonly urgency?: "low" | "normal" | "high";
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/** Adds the options by which a device is chosen, besides `--room` and `--cap`. */
export function wantedOptions(command: Command): Command {
  return command
    .option("--where <bounds>", "what the capability must be, such as sampleRateHz>=16000,quality>=2")
    .option(
      "--require <wanted>",
      "capability that it must have besides, such as audio.capture:sampleRateHz>=16000",
      collect,
    )
    .option("--prefer <wanted>", "capability that speaks for it; both may be repeated", collect)
    .addOption(
      new Option("--urgency <urgency>", "high: load, link and freshness count double; low: spare batteries").choices([
        ...["low", "normal", "high"],
      ]),
    );
}

/** @throws USAGE */
export function wantedOf(options: WantedOptions): Omit<RouteRequest, "forbids" | "capability"> {
  const { room, where, require, prefer, urgency } = options;
  return {
    ...(room === undefined ? {} : { room }),
    ...(where === undefined ? {} : { where: bounds(where) }),
    ...(require === undefined ? {} : { requires: require.map(wanted) }),
    ...(prefer === undefined ? {} : { prefers: prefer.map(wanted) }),
    ...(urgency === undefined ? {} : { urgency }),
  };
}

/** `audio.capture` or `audio.capture:sampleRateHz>=16000,channels=1`. @throws USAGE */
export function wanted(text: string): Wanted {
  const at = text.indexOf(":");
  return at < 0 ? { capability: text } : { capability: text.slice(0, at), where: bounds(text.slice(at + 1)) };
}

/** `rate>=16000,rate<=48000,engine=vosk|whisper`. @throws USAGE */
export function bounds(text: string): Record<string, Bound> {
  const found: Record<string, Bound> = {};
  for (const part of text.split(",")) {
    const match = /^\s*([A-Za-z][A-Za-z0-9]*)\s*(>=|<=|=)\s*(.+?)\s*$/.exec(part);
    const [, key = "", sign, value = ""] = match ?? [];
    if (!match) throw usage(part);
    if (sign === "=") {
      found[key] = value.includes("|") ? { oneOf: value.split("|") } : plain(value);
      continue;
    }
    if (value === "" || !Number.isFinite(Number(value))) throw usage(part);
    const before = found[key];
    const range = typeof before === "object" && !("oneOf" in before) ? before : {};
    found[key] = { ...range, [sign === ">=" ? "min" : "max"]: Number(value) };
  }
  return found;
}

function plain(value: string): string | number | boolean {
  if (value === "true" || value === "false") return value === "true";
  return Number.isFinite(Number(value)) ? Number(value) : value;
}

function usage(part: string): BarnacleError {
  return new BarnacleError(
    "USAGE",
    `"${part}" is no bound; expected such as sampleRateHz>=16000 or engine=vosk|whisper`,
  );
}
