import type { NodeHardware } from "../hardware/node-hardware.ts";
import type { Ears, Pipeline } from "../pipeline/index.ts";
import type { Part } from "./manifest.ts";

/** The node's engines and drivers as capabilities, each with its reason when it is missing. */
export function partsOf(
  hardware: NodeHardware,
  now: { ears: Ears | undefined; pipeline: Pipeline | undefined; recogniser: NodeHardware["recogniser"] },
): Record<string, Part> {
  const { microphone, wake, endpoint, synthesiser, player, gpio } = hardware;
  const { ears, pipeline, recogniser } = now;
  const capture = captureOf(microphone, ears);
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
  };
}

function captureOf(microphone: NodeHardware["microphone"], ears: Ears | undefined): Part {
  if (typeof microphone === "string" || !ears) return { reason: String(microphone) };
  const { state, reason } = ears.status;
  if (ears.muted) return { reason: "muted", engine: ears.name };
  if (state === "running" || state === "starting" || state === "stopped") return { engine: ears.name };
  return { reason: reason ?? `the microphone is ${state}`, engine: ears.name };
}

function named(part: { readonly name: string } | string): Part {
  return typeof part === "string" ? { reason: part } : { engine: part.name };
}
