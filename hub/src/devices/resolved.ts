import type { Clock } from "@barnacle/protocol/runtime";
import type { ResolvedPairing } from "../services.ts";

const KEPT_MS = 5 * 60_000;
const MOST = 100;

/** What was decided lately, for those who ask a moment after it. */
export class ResolvedRequests {
  readonly #clock: Clock;
  readonly #kept = new Map<string, ResolvedPairing & { readonly at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(resolved: ResolvedPairing): void {
    this.#kept.set(resolved.request.requestId, { ...resolved, at: this.#clock.monotonic() });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST && oldest !== undefined) this.#kept.delete(oldest);
  }

  get(requestId: string): ResolvedPairing | undefined {
    const found = this.#kept.get(requestId);
    return found && this.#clock.monotonic() - found.at < KEPT_MS ? found : undefined;
  }

  forgetDevice(deviceId: string): void {
    for (const [id, { request }] of this.#kept) if (request.deviceId === deviceId) this.#kept.delete(id);
  }
}
