import type { HidLight } from "@barnacle/hardware/hid";
import type { PipelineState } from "../pipeline/index.ts";

/** What the node's lights show. A closed microphone hides everything else. */
export function lightOf(now: {
  readonly muted: boolean;
  readonly pipeline: PipelineState | undefined;
  readonly speaking: boolean;
  readonly connected: boolean;
}): HidLight {
  if (now.muted) return "muted";
  if (now.pipeline === "listening") return "listening";
  if (now.speaking) return "speaking";
  if (now.pipeline === "recognising" || now.pipeline === "replying") return "thinking";
  return now.connected ? "idle" : "offline";
}
