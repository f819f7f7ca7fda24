import type { BoardMonitor } from "@barnacle/hardware/board";
import type { EndpointDetector } from "@barnacle/hardware/endpoint";
import type { GpioPort, StartValue } from "@barnacle/hardware/gpio";
import type { HidPanel } from "@barnacle/hardware/hid";
import type { Microphone } from "@barnacle/hardware/microphone";
import type { Recogniser } from "@barnacle/hardware/speech";
import type { Player, Synthesiser } from "@barnacle/hardware/voice";
import type { WakeEngine } from "@barnacle/hardware/wake";
import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { NodeConfiguration } from "../config/index.ts";

/** A driver or engine, or the reason why there is none. */
export type Maybe<T> = T | string;

/** What this node found of its hardware. Engines are loaded, save the recogniser, which needs the hub's grammar first. */
export interface NodeHardware {
  readonly board: BoardMonitor;
  readonly gpio: Maybe<GpioPort>;
  readonly hid: Maybe<HidPanel>;
  readonly microphone: Maybe<Microphone>;
  readonly wake: Maybe<WakeEngine>;
  readonly endpoint: Maybe<EndpointDetector>;
  readonly recogniser: Maybe<Recogniser>;
  readonly synthesiser: Maybe<Synthesiser>;
  readonly player: Maybe<Player>;
  /** Phrases the wake engine has; undefined: it takes any. */
  readonly wakePhrases: readonly string[] | undefined;
  /** Another engine for other phrases, loaded. */
  readonly makeWake: (phrases: readonly string[]) => Promise<WakeEngine>;
}

export function isHere<T extends object>(part: Maybe<T>): part is T {
  return typeof part !== "string";
}

export function reasonOf(part: Maybe<object>): string | undefined {
  return typeof part === "string" ? part : undefined;
}

/**
 * Opens what the configuration asks for. What can't be used is a reason, not an error: a node without a microphone still
 * switches its pins.
 * @param wakeWords the hub's, from the last time
 * @throws FILE_UNREADABLE, AUDIO_FORMAT for a configured recording, CONFIG_INVALID for a profile: no waiting will mend them
 */
export type FindHardware = (
  config: NodeConfiguration,
  wakeWords: readonly string[],
  runtime: {
    readonly clock: Clock;
    readonly random: Random;
    /** Which values outputs start with; absent: their initial ones. */
    readonly startValue?: StartValue;
  },
) => Promise<NodeHardware>;

/** What the pipeline does not close itself. */
export async function closeHardware(hardware: NodeHardware): Promise<void> {
  if (isHere(hardware.recogniser)) await hardware.recogniser.close();
  if (isHere(hardware.endpoint)) await hardware.endpoint.close();
  if (isHere(hardware.gpio)) await hardware.gpio.close();
}
