import type { Availability } from "../availability.ts";
import { NodeHidBus } from "./node-hid.ts";
import { hidProfileNames } from "./profile.ts";

export interface HidInfo {
  readonly driver: string;
  readonly availability: Availability;
  /** Bundled profiles. */
  readonly profiles: readonly string[];
}

/** What `doctor` prints about HID devices. Opens none. */
export async function hidInfos(): Promise<HidInfo[]> {
  const bus = new NodeHidBus();
  return [{ driver: bus.name, availability: await bus.availability(), profiles: hidProfileNames() }];
}
