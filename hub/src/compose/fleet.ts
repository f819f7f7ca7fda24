import type { Clock, Log, Random, Unit } from "@barnacle/protocol/runtime";
import type { MqttBroker } from "../broker/index.ts";
import { StoredFleetConfig, StoredFleetJobs, type WantedWire } from "../fleet/index.ts";
import type { Commands, Devices } from "../services.ts";
import type { Store } from "../store/index.ts";

export interface FleetPartsOptions {
  readonly store: Store;
  readonly devices: Devices;
  readonly broker: Pick<MqttBroker, "events" | "isReady" | "publish">;
  readonly commands: Commands;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What nodes are wanted to be, and jobs that change many of them. */
export function fleetParts({ broker, ...options }: FleetPartsOptions) {
  const wire: WantedWire = {
    events: broker.events as unknown as WantedWire["events"],
    isReady: (deviceId) => broker.isReady(deviceId),
    send: (deviceId, wanted) => broker.publish(deviceId, "wanted", undefined, wanted),
  };
  const config = new StoredFleetConfig({ ...options, wire });
  const jobs = new StoredFleetJobs({ ...options, config });
  const units: readonly Unit[] = [config, jobs];
  return { config, jobs, units };
}
