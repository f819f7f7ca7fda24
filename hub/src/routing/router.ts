import type { Clock } from "@barnacle/protocol/runtime";
import type { Devices, RouteCandidate, RouteDecision, RouteRequest, Router } from "../services.ts";
import { unfit } from "./fitness.ts";
import { rate } from "./rating.ts";

/** Chooses the node for a request, and can say why each other one was not chosen. */
export class CapabilityRouter implements Router {
  readonly #devices: Pick<Devices, "list">;
  readonly #clock: Clock;

  constructor(options: { devices: Pick<Devices, "list">; clock: Clock }) {
    this.#devices = options.devices;
    this.#clock = options.clock;
  }

  /** The best candidate first; equal scores are ordered by device id, so that equal houses choose alike. */
  route(request: RouteRequest): RouteDecision {
    const now = this.#clock.now();
    const ranked: RouteCandidate[] = [];
    const rejected: { deviceId: string; displayName: string; reason: string }[] = [];
    for (const device of this.#devices.list()) {
      const { deviceId, displayName } = device;
      const reason = unfit(device, request, now);
      if (reason !== undefined) rejected.push({ deviceId, displayName, reason });
      else {
        const room = device.room ?? device.manifest?.room;
        ranked.push({ deviceId, displayName, ...(room === undefined ? {} : { room }), ...rate(device, request, now) });
      }
    }
    ranked.sort((a, b) => b.score - a.score || (a.deviceId < b.deviceId ? -1 : 1));
    rejected.sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
    const chosen = ranked[0];
    return { ...(chosen ? { chosen } : {}), ranked, rejected };
  }
}
