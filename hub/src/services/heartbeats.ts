import type { Events } from "@barnacle/protocol/runtime";

/** `heartbeat` on the gateway's wire. Source: gateway protocol 3, "events". */
export interface HeartbeatEvent {
  readonly ts: number;
  readonly status: "sent" | "ok-empty" | "ok-token" | "skipped" | "failed";
  readonly to?: string;
  readonly channel?: string;
  readonly preview?: string;
  readonly durationMs?: number;
  /** `interval`, `wake`, `cron:<id>`, or why it was skipped or failed. */
  readonly reason?: string;
  /** Nobody was told anything. */
  readonly silent?: boolean;
  readonly indicatorType?: "ok" | "alert" | "error";
}

export interface HeartbeatSettings {
  readonly enabled: boolean;
  /** `30m`; `0m` is off. */
  readonly every: string;
  readonly everyMs: number | null;
  readonly prompt: string;
  /** A room, `all`, or `none`. */
  readonly target: string;
  readonly ackMaxChars: number;
}

/** The agent looks by itself whether something needs it. */
export interface Heartbeats {
  readonly events: Events<{ beat: HeartbeatEvent }>;
  settings(): HeartbeatSettings;
  /** Since the start of the hub. */
  last(): HeartbeatEvent | null;
  /** Until the next start. Off: neither by interval nor when woken. */
  setEnabled(enabled: boolean): void;
  /** One run now, or when the one under way has ended. */
  wake(reason: string, sessionKey?: string): void;
}
