import type { ErrorShape } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { Principal, RouteDecision, RouteRequest, TurnRecord } from "../services.ts";

/** A command that a turn leads to. */
export interface PlannedStep {
  readonly deviceId: string;
  readonly command: string;
  readonly params: JsonObject;
  /** Why this device. */
  readonly why: string;
  /** What it does that to, for a reply that names what failed: "the kitchen light". */
  readonly label: string;
  /** What the node is called, for the same: "kitchen". */
  readonly nodeName: string;
  /** Known beforehand not to be possible; it is not tried. */
  readonly refused?: ErrorShape;
  /** Speech that takes longer than the turn may: only its beginning is waited for. */
  readonly background?: boolean;
}

/** How the reply is made from what the steps gave. */
export type ReplyPlan =
  | { readonly kind: "text"; readonly text: string }
  /** `text` when every step succeeded. */
  | { readonly kind: "done"; readonly text: string }
  /** The steps read levels; `asked` is the state that was asked about. */
  | {
      readonly kind: "state";
      readonly phrase: string;
      readonly many: boolean;
      readonly asked: string;
      readonly whenOn: string;
      readonly whenOff: string;
    }
  /** The step reads a number, under `celsius` or `value`. */
  | { readonly kind: "reading"; readonly unit: string };

/** What a turn will do and say. Plain data: it is stored before anything is done, and a restarted hub goes on with it. */
export interface Plan {
  readonly intent: string;
  readonly slots: JsonObject;
  readonly steps: readonly PlannedStep[];
  readonly reply: ReplyPlan;
  /** Why nothing is done, where the reply is a refusal. */
  readonly error?: ErrorShape;
}

/** One turn to be answered. */
export interface TurnRequest {
  readonly turnId: string;
  readonly text: string;
  readonly source: "voice" | "text";
  readonly deviceId?: string;
  readonly room?: string;
  readonly principal: Principal;
  /** Asks the router; the time it takes is shown as the turn's `route` stage. */
  route(request: RouteRequest): RouteDecision;
}

/** Something that answers turns. The first of several that understands one answers it. */
export interface Responder {
  /** Whether `plan` would take this text; nothing is done. */
  understands(text: string): boolean;
  /** Undefined: not for this responder. May keep things (a timer, a task), but then once per turn id, however often asked. */
  plan(request: TurnRequest): Promise<Plan | undefined>;
}

/** Free speech: no plan, just an answer. */
export type Otherwise = (
  turn: TurnRecord,
  principal: Principal,
) => Promise<{ readonly reply: string; readonly ok: boolean; readonly error?: ErrorShape } | undefined>;
