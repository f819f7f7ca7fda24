import { SAMPLE_RATE } from "@barnacle/hardware/audio";
import type { NodeHardware } from "../hardware/node-hardware.ts";
import type { Ears, Mute, Pipeline } from "../pipeline/index.ts";
import type { Part } from "./manifest.ts";

/** What every microphone here gives. */
const CAPTURE = { sampleRateHz: SAMPLE_RATE, channels: 1 };

/** How well engines do what they do, for whoever asks for a least quality: 1 understandable, 2 good, 3 as people do it. */
const QUALITY: Readonly<Record<string, number>> = { "espeak-ng": 1, flite: 1, pocketsphinx: 1, vosk: 2 };

/** The node's engines and drivers as capabilities, each with its reason when it is missing. */
export function partsOf(
  hardware: NodeHardware,
  now: {
    mute: Mute;
    disk: string | undefined;
    ears: Ears | undefined;
    pipeline: Pipeline | undefined;
    recogniser: NodeHardware["recogniser"];
  },
): Record<string, Part> {
  const { microphone, wake, endpoint, synthesiser, player, gpio, hid } = hardware;
  const { mute, ears, pipeline, recogniser } = now;
  const capture = captureOf(microphone, ears, mute);
  const deaf = "reason" in capture ? capture.reason : undefined;
  return {
    "audio.capture": capture,
    "voice.wake":
      typeof wake === "string"
        ? { reason: wake }
        : deaf !== undefined
          ? { reason: deaf, engine: wake.name }
          : { engine: wake.name, attributes: { phrases: pipeline?.wakeEngine.phrases ?? wake.phrases } },
    "speech.endpoint": named(endpoint),
    "speech.recognise": named(recogniser),
    "audio.play": named(player),
    "talk.speak": typeof player === "string" ? { reason: player } : named(synthesiser),
    gpio: pinsOf(gpio),
    hid: hidOf(hid),
    storage: now.disk === undefined ? { engine: "sqlite" } : { engine: "memory", reason: now.disk },
  };
}

/** Available as soon as one device is there; each tells how it stands. */
function hidOf(hid: NodeHardware["hid"]): Part {
  if (typeof hid === "string") return { reason: hid };
  const devices = hid.devices.map(({ name, status, controls }) => ({ name, ...status, controls: [...controls] }));
  if (devices.some(({ state }) => state === "open")) return { engine: hid.name, attributes: { devices } };
  const reason = devices.map((device) => `${device.name}: ${device.reason ?? device.state}`).join("; ");
  return { engine: hid.name, reason };
}

function captureOf(microphone: NodeHardware["microphone"], ears: Ears | undefined, mute: Mute): Part {
  if (typeof microphone === "string" || !ears) return { reason: String(microphone) };
  const { state, reason } = ears.status;
  if (ears.muted) return { reason: ["muted", ...mute.by].join(": "), engine: ears.name };
  if (state === "running" || state === "starting" || state === "stopped")
    return { engine: ears.name, attributes: CAPTURE };
  return { reason: reason ?? `the microphone is ${state}`, engine: ears.name };
}

/** The lines by number and name, so that whoever judges a command knows which one a name means. */
function pinsOf(gpio: NodeHardware["gpio"]): Part {
  if (typeof gpio === "string") return { reason: gpio };
  const lines = gpio.list();
  const [first] = lines;
  if (first?.unavailable !== undefined && lines.every(({ unavailable }) => unavailable !== undefined)) {
    return { reason: first.unavailable, engine: gpio.name };
  }
  const told = lines.map(({ line, kernelName, name, chip, direction, unavailable }) => ({
    ...{ line, direction },
    ...(kernelName === undefined ? {} : { kernelName }),
    ...(name === undefined ? {} : { name }),
    ...(chip === undefined ? {} : { chip }),
    ...(unavailable === undefined ? {} : { unavailable }),
  }));
  return { engine: gpio.name, attributes: { lines: told } };
}

function named(part: { readonly name: string } | string): Part {
  if (typeof part === "string") return { reason: part };
  const quality = QUALITY[part.name];
  return { engine: part.name, ...(quality === undefined ? {} : { attributes: { quality } }) };
}
