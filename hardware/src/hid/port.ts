import type { Availability } from "../availability.ts";

/** What people press: `mute` closes the microphone, `talk` opens a turn without a wake phrase. */
export const HID_CONTROLS = ["mute", "talk"] as const;
export type HidControl = (typeof HID_CONTROLS)[number];

/**
 * `button`: counts when it goes down. `switch`: its position counts; a mute switch is muted for as long as it is on. A
 * talk `button` is held while speaking.
 */
export type HidControlKind = "button" | "switch";

/** What a light shows, the strongest first: `muted` hides everything else. */
export const HID_LIGHTS = ["muted", "listening", "thinking", "speaking", "offline", "idle"] as const;
export type HidLight = (typeof HID_LIGHTS)[number];

/** A device that is plugged in. */
export interface HidFound {
  /** Where it is opened: `/dev/hidraw0`. Another one after each plugging. */
  readonly path: string;
  readonly vendor: number;
  readonly product: number;
  readonly serial: string;
  readonly name: string;
  /** The HID report descriptor (USB HID 1.11, section 6.2.2). */
  readonly descriptor: Uint8Array;
}

export interface HidEvents {
  /** One input report; the first byte is the report id where the device numbers its reports. */
  report(bytes: Uint8Array): void;
  /** It was unplugged, or cannot be read any more; called once at most. */
  lost(reason: string): void;
}

/** An opened device. */
export interface HidHandle {
  /** An output report: the report id first, 0 where reports are not numbered. @throws HARDWARE_UNAVAILABLE */
  write(bytes: Uint8Array): Promise<void>;
  /** A feature report, likewise. @throws HARDWARE_UNAVAILABLE */
  feature(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** The HID devices of this board. */
export interface HidBus {
  readonly name: string;
  availability(): Promise<Availability>;
  list(): Promise<readonly HidFound[]>;
  /** @throws HARDWARE_UNAVAILABLE, LIBRARY_MISSING */
  open(path: string, events: HidEvents): Promise<HidHandle>;
}

/** `waiting`: not plugged in, or it cannot be opened; it is looked for until `stop`. */
export interface HidStatus {
  readonly state: "stopped" | "waiting" | "open";
  readonly reason?: string;
}

export interface HidListener {
  /** `device` is the name of the configured device; `on`: pressed, or the switch is on. */
  control(event: { device: string; control: HidControl; kind: HidControlKind; on: boolean }): void;
  status(device: string, status: HidStatus): void;
}
