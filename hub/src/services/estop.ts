import type { Events } from "@barnacle/protocol/runtime";

/** Whether everything that acts is to stand still. */
export interface StopState {
  readonly stopped: boolean;
  /** Milliseconds since 1970. */
  readonly since?: number;
  readonly by?: string;
  readonly reason?: string;
  /** False: it holds, but is not on disk yet. */
  readonly kept?: boolean;
}

export interface EmergencyStops {
  readonly events: Events<{ changed: StopState }>;
  state(): StopState;
  /** @throws ESTOPPED while it holds */
  refuse(what: string): void;
}
