import { BarnacleError } from "@barnacle/protocol/errors";
import { type Clock, type Random, systemClock, systemRandom } from "@barnacle/protocol/runtime";
import type { Availability } from "../availability.ts";
import { CommandSource } from "./command.ts";
import { FakeMicrophone } from "./fake.ts";
import type { Microphone } from "./port.ts";
import { PvRecorderSource, pvRecorderDevices } from "./pvrecorder.ts";
import { SupervisedMicrophone } from "./supervised.ts";
import { WavMicrophone, type WavOptions } from "./wav.ts";

export const MICROPHONE_DRIVERS = ["pvrecorder", "parec", "arecord", "command", "wav", "fake"] as const;
export type MicrophoneDriver = (typeof MICROPHONE_DRIVERS)[number];

export interface MicrophoneOptions extends Partial<WavOptions> {
  readonly driver?: MicrophoneDriver;
  /** pvrecorder: index or name; parec: source name; arecord: PCM name. The system's default when absent. */
  readonly device?: number | string;
  /** command: program and arguments that write raw samples to standard output. */
  readonly command?: readonly string[];
  readonly clock?: Clock;
  readonly random?: Random;
}

/** @throws ENGINE_UNKNOWN, CONFIG_INVALID */
export function createMicrophone(options: MicrophoneOptions = {}): Microphone {
  const { driver = "pvrecorder", clock = systemClock, random = systemRandom, device } = options;
  switch (driver) {
    case "pvrecorder": {
      const source = new PvRecorderSource({ device, frameLength: options.frameLength }, clock);
      return new SupervisedMicrophone(source, clock, random);
    }
    case "parec":
    case "arecord":
      return new SupervisedMicrophone(new CommandSource(driver, recorderArgv(driver, device), clock), clock, random);
    case "command":
      if (!options.command?.length) throw missing("command", "the program and its arguments");
      return new SupervisedMicrophone(new CommandSource("command", options.command, clock), clock, random);
    case "wav":
      if (!options.file) throw missing("file", "a WAV file");
      return new WavMicrophone({ ...options, file: options.file }, clock);
    case "fake":
      return new FakeMicrophone();
    default:
      throw new BarnacleError("ENGINE_UNKNOWN", `microphone "${driver}"; one of: ${MICROPHONE_DRIVERS.join(", ")}`);
  }
}

/** The command line of the usual recorders for Barnacle's audio format. */
export function recorderArgv(program: "parec" | "arecord", device?: number | string): string[] {
  const from = device === undefined ? undefined : String(device);
  if (program === "parec") {
    const base = ["parec", "--raw", "--format=s16le", "--rate=16000", "--channels=1", "--latency-msec=40"];
    return from === undefined ? base : [...base, `--device=${from}`];
  }
  const base = ["arecord", "-q", "-t", "raw", "-f", "S16_LE", "-r", "16000", "-c", "1"];
  return from === undefined ? base : [...base, "-D", from];
}

export interface MicrophoneInfo {
  readonly driver: MicrophoneDriver;
  readonly availability: Availability;
  /** Names of capture devices, as far as the driver can list them. */
  readonly devices: readonly string[];
}

/** What `doctor` prints about sound capture. Opens no device. */
export async function microphoneInfos(): Promise<MicrophoneInfo[]> {
  const infos: MicrophoneInfo[] = [];
  for (const driver of ["pvrecorder", "parec", "arecord"] as const) {
    const availability = await createMicrophone({ driver }).availability();
    infos.push({ driver, availability, devices: driver === "pvrecorder" ? listDevices() : [] });
  }
  return infos;
}

function listDevices(): string[] {
  try {
    return pvRecorderDevices();
  } catch {
    // Why it does not load is in `availability`.
    return [];
  }
}

function missing(key: string, what: string): BarnacleError {
  return new BarnacleError("CONFIG_INVALID", `microphone.${key} is missing; expected ${what}`);
}
