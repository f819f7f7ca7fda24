import type { ErrorShape } from "@barnacle/protocol/errors";
import type { Samples } from "../../audio/format.ts";
import type { EngineSpec } from "../engine.ts";
import type { Recognition, SpeechGrammar } from "../port.ts";

/** From the recogniser to its child process. Order is kept; only requests with an id are answered. */
export type ToChild =
  | { readonly type: "load"; readonly id: number; readonly spec: EngineSpec; readonly grammar: SpeechGrammar }
  | { readonly type: "grammar"; readonly id: number; readonly grammar: SpeechGrammar }
  | { readonly type: "start" }
  | { readonly type: "audio"; readonly samples: Samples }
  | { readonly type: "finish"; readonly id: number }
  | { readonly type: "abandon" };

export type FromChild =
  | { readonly type: "done"; readonly id: number; readonly recognition?: Recognition }
  | { readonly type: "failed"; readonly id: number; readonly error: ErrorShape };
