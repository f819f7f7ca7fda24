import type { WakeEvent } from "@barnacle/protocol/mqtt";
import type { Events } from "@barnacle/protocol/runtime";
import type {
  CommandRequest,
  CommandResult,
  VoiceTurnReply,
  VoiceTurnReport,
  VoiceTurnSpoken,
} from "@barnacle/protocol/schema";

/** What happens in a node, for those who watch: `--events` prints these, telemetry counts them. */
export interface NodeEventMap {
  wake: WakeEvent;
  /** What was made of an utterance, before it is sent. */
  transcript: {
    turnId: string;
    outcome: string;
    text: string;
    confidence: number;
    recogniser: string;
    nearest?: string;
  };
  turn: VoiceTurnReport;
  reply: VoiceTurnReply & { late: boolean };
  spoken: VoiceTurnSpoken;
  command: { request: CommandRequest; result: CommandResult };
  /** A part changed state: `agent`, `link`, `microphone`, `pipeline`. */
  state: { part: string; state: string; reason?: string; [key: string]: unknown };
}

export type NodeEvents = Events<NodeEventMap>;
