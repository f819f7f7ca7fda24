export interface RestartPlan {
  /** False when whoever started the hub cannot start it again. */
  readonly ok: boolean;
  readonly delayMs: number;
  readonly reason: string;
  /** Another restart was on its way already. */
  readonly coalesced: boolean;
}

/** The hub's own end and new beginning. */
export interface Lifecycle {
  /** Whoever started the hub starts it again when asked. */
  readonly canRestart: boolean;
  /** A restart is on its way: clients are told so when the hub stops. */
  readonly restarting: boolean;
  requestRestart(options: { reason: string; delayMs?: number }): RestartPlan;
}
