import type { NodeHardware } from "../hardware/node-hardware.ts";
import type { Ears, Mute, Pipeline } from "../pipeline/index.ts";
import type { Part } from "./manifest.ts";

/** The node's engines and drivers as capabilities, each with its reason when it is missing. */
export function partsOf(
  hardware: NodeHardware,
  now: { mute: Mute; ears: Ears | undefined; pipeline: Pipeline | undefined; recogniser: NodeHardware["recogniser"] },
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
    gpio: named(gpio),
    hid: hidOf(hid),
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
  if (state === "running" || state === "starting" || state === "stopped") return { engine: ears.name };
  return { reason: reason ?? `the microphone is ${state}`, engine: ears.name };
}

function named(part: { readonly name: string } | string): Part {
  return typeof part === "string" ? { reason: part } : { engine: part.name };
}
