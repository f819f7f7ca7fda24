import type { Clock } from "@barnacle/protocol/runtime";
import type { DeviceRecord, Devices, RouteCandidate, RouteDecision, RouteRequest, Router } from "../services.ts";
import { refusal } from "./eligible.ts";
import { explain, scoreOf } from "./score.ts";

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
      if (reason === undefined) ranked.push(new Candidate(device, request, now));
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

/** Why is only put into words for whoever reads it. */
class Candidate implements RouteCandidate {
  readonly deviceId: string;
  readonly displayName: string;
  readonly room?: string;
  readonly score: number;
  readonly #device: DeviceRecord;
  readonly #request: RouteRequest;
  readonly #nowMs: number;

  constructor(device: DeviceRecord, request: RouteRequest, nowMs: number) {
    this.deviceId = device.deviceId;
    this.displayName = device.displayName;
    this.room = device.room;
    this.score = scoreOf(device, request, nowMs);
    this.#device = device;
    this.#request = request;
    this.#nowMs = nowMs;
  }

  get why(): string {
    return explain(this.#device, this.#request, this.#nowMs);
  }

  toJSON(): RouteCandidate {
    const { deviceId, displayName, room, score, why } = this;
    return { deviceId, displayName, room, score, why };
  }
}

function byId(a: { readonly deviceId: string }, b: { readonly deviceId: string }): number {
  return a.deviceId < b.deviceId ? -1 : a.deviceId > b.deviceId ? 1 : 0;
}
