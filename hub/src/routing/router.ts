import type { Clock } from "@barnacle/protocol/runtime";
import type { DeviceRecord, Devices, RouteCandidate, RouteDecision, RouteRequest, Router } from "../services.ts";
import { refusal } from "./eligible.ts";
import { reasonsFor } from "./score.ts";

export interface CapabilityRouterOptions {
  readonly devices: Pick<Devices, "list" | "pending">;
  readonly clock: Pick<Clock, "now">;
}

/** Chooses the node for a capability from what the registry knows at this moment, and says why not the others. */
export class CapabilityRouter implements Router {
  readonly #options: CapabilityRouterOptions;

  constructor(options: CapabilityRouterOptions) {
    this.#options = options;
  }

  route(request: RouteRequest): RouteDecision {
    const { devices, clock } = this.#options;
    const now = clock.now();
    const ranked: RouteCandidate[] = [];
    const rejected: RouteDecision["rejected"][number][] = [];
    for (const device of devices.list()) {
      const reason = refusal(device, request, now);
      if (reason === undefined) ranked.push(candidateOf(device, request, now));
      else if (device.roles.includes("node") || device.deviceId === request.deviceId) {
        rejected.push({ deviceId: device.deviceId, displayName: device.displayName, reason });
      }
    }
    for (const { deviceId, displayName, role, isRepair } of devices.pending()) {
      if (role === "node" && !isRepair) {
        rejected.push({ deviceId, displayName: displayName ?? deviceId.slice(0, 12), reason: "not paired" });
      }
    }
    if (request.deviceId !== undefined && ![...ranked, ...rejected].some((d) => d.deviceId === request.deviceId)) {
      const displayName = request.deviceId.slice(0, 12);
      rejected.push({ deviceId: request.deviceId, displayName, reason: "no such device" });
    }
    ranked.sort((a, b) => b.score - a.score || byId(a, b));
    rejected.sort(byId);
    return { chosen: ranked[0], ranked, rejected };
  }
}

function candidateOf(device: DeviceRecord, request: RouteRequest, nowMs: number): RouteCandidate {
  const reasons = reasonsFor(device, request.room, nowMs);
  const score = Math.round(reasons.reduce((sum, reason) => sum + reason.points, 0) * 10) / 10;
  const texts = reasons.map(({ text, points }) =>
    points === 0 ? text : `${text} ${points > 0 ? "+" : "−"}${Math.abs(points)}`,
  );
  return {
    deviceId: device.deviceId,
    displayName: device.displayName,
    room: device.room,
    score,
    why: texts.join("; ") || "nothing speaks for or against it",
  };
}

function byId(a: { readonly deviceId: string }, b: { readonly deviceId: string }): number {
  return a.deviceId < b.deviceId ? -1 : a.deviceId > b.deviceId ? 1 : 0;
}
