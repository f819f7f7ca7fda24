import { BarnacleError } from "@barnacle/protocol/errors";
import { type Clock, systemClock } from "@barnacle/protocol/runtime";
import type { Availability } from "../availability.ts";
import { type Spawn, systemSpawn } from "./command.ts";
import { EspeakSynthesiser } from "./espeak.ts";
import { FakePlayer, FakeSynthesiser } from "./fake.ts";
import { FilePlayer } from "./file-player.ts";
import { FliteSynthesiser } from "./flite.ts";
import type { Player, Synthesiser } from "./port.ts";
import { StreamPlayer } from "./stream-player.ts";

export const SYNTHESISERS = ["espeak-ng", "flite", "fake"] as const;
export const PLAYERS = ["pacat", "aplay", "file", "fake"] as const;

export interface SynthesiserOptions {
  /** The engine's own name of a voice; `en-us` for espeak-ng and `slt` for flite when absent. */
  readonly voice?: string;
  /** Words per minute, espeak-ng only; 160 when absent. */
  readonly speed?: number;
  readonly spawn?: Spawn;
}

export interface PlayerOptions {
  /** PulseAudio sink or ALSA device. */
  readonly device?: string;
  /** For `file`: a .wav file or a folder. */
  readonly path?: string;
  readonly spawn?: Spawn;
  readonly clock?: Clock;
}

/** @throws ENGINE_UNKNOWN listing the names */
export function createSynthesiser(name: string, options: SynthesiserOptions = {}): Synthesiser {
  const spawn = options.spawn ?? systemSpawn;
  switch (name) {
    case "espeak-ng":
      return new EspeakSynthesiser({ spawn, voice: options.voice ?? "en-us", speed: options.speed ?? 160 });
    case "flite":
      return new FliteSynthesiser({ spawn, voice: options.voice ?? "slt" });
    case "fake":
      return new FakeSynthesiser();
    default:
      throw unknown("synthesiser", name, SYNTHESISERS);
  }
}

/** @throws ENGINE_UNKNOWN listing the names; CONFIG_INVALID when `file` has no path */
export function createPlayer(name: string, options: PlayerOptions = {}): Player {
  const spawn = options.spawn ?? systemSpawn;
  switch (name) {
    case "pacat":
    case "aplay":
      return new StreamPlayer(name, { spawn, device: options.device });
    case "file":
      if (options.path === undefined) {
        throw new BarnacleError("CONFIG_INVALID", 'the player "file" needs a path: a .wav file or a folder');
      }
      return new FilePlayer({ path: options.path, clock: options.clock ?? systemClock });
    case "fake":
      return new FakePlayer();
    default:
      throw unknown("player", name, PLAYERS);
  }
}

export interface VoiceInfo {
  readonly kind: "synthesiser" | "player";
  readonly name: string;
  readonly availability: Availability;
  /** SPDX id of the program's licence. */
  readonly licence: string;
}

const LICENCES: Readonly<Record<string, string>> = {
  "espeak-ng": "GPL-3.0-or-later",
  flite: "BSD-4-Clause-CMU",
  pacat: "LGPL-2.1-or-later",
  aplay: "GPL-2.0-or-later",
};

/** What can speak and play here, for `doctor`. Starts nothing. */
export function voiceInfos(): Promise<VoiceInfo[]> {
  const synthesisers = SYNTHESISERS.filter((name) => name !== "fake").map(async (name): Promise<VoiceInfo> => {
    const availability = await createSynthesiser(name).availability();
    return { kind: "synthesiser", name, availability, licence: LICENCES[name] ?? "unknown" };
  });
  const players = (["pacat", "aplay"] as const).map(async (name): Promise<VoiceInfo> => {
    const availability = await createPlayer(name).availability();
    return { kind: "player", name, availability, licence: LICENCES[name] ?? "unknown" };
  });
  return Promise.all([...synthesisers, ...players]);
}

function unknown(kind: string, name: string, names: readonly string[]): BarnacleError {
  return new BarnacleError("ENGINE_UNKNOWN", `no ${kind} is called "${name}"; there are ${names.join(", ")}`);
}
