import type { EndpointDetector } from "@barnacle/hardware/endpoint";
import type { Recogniser } from "@barnacle/hardware/speech";
import type { WakeEngine } from "@barnacle/hardware/wake";
import type { WakeEvent } from "@barnacle/protocol/mqtt";
import type { Random } from "@barnacle/protocol/runtime";
import type { VoiceTurnReport } from "@barnacle/protocol/schema";
import type { Answerer, AnswersParts } from "./answers.ts";
import type { Ears } from "./ears.ts";

export type PipelineState = "idle" | "listening" | "recognising" | "replying";

export interface PipelineParts extends AnswersParts {
  readonly ears: Ears;
  readonly wake: WakeEngine;
  readonly endpoint: EndpointDetector;
  /** The recogniser when it is ready, or why it is not. */
  readonly recogniser: () => Recogniser | string;
  readonly publishWake: (event: WakeEvent) => void;
  /** Durable; delivered sooner or later. */
  readonly report: (turn: VoiceTurnReport) => void;
  readonly room: () => string | undefined;
  readonly limitMs: number;
  readonly random: Random;
  /** Who answers what was said; absent: the hub, whose reply comes through `Pipeline.reply`. */
  readonly answers?: Answerer | undefined;
  /** The wake phrase ends an answer that is being spoken. Nothing here cancels the node's own voice in its microphone. */
  readonly bargeIn?: boolean;
}
