import type { Samples } from "../audio/format.ts";

export type EndpointDecision =
  | { readonly kind: "waiting" }
  | { readonly kind: "speech" }
  /** The utterance is over. `speechEndSample` is the last sample that was speech, counted from `reset`. */
  | {
      readonly kind: "end";
      readonly reason: "silence" | "limit";
      readonly speechStartSample: number;
      readonly speechEndSample: number;
    }
  | { readonly kind: "no-speech" };

/** Decides when an utterance is over. One instance per node; `reset` before each utterance. */
export interface EndpointDetector {
  readonly name: string;
  load(): Promise<void>;
  process(samples: Samples): Promise<EndpointDecision>;
  reset(): void;
  close(): Promise<void>;
}
