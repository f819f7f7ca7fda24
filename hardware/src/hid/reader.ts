import { fieldOf, type HidField, isOn } from "./descriptor.ts";
import type { HidControl, HidControlKind } from "./port.ts";
import type { HidProfile } from "./profile.ts";

interface Watched {
  readonly control: HidControl;
  readonly kind: HidControlKind;
  /** On or off by this report; undefined: the report says nothing of it. */
  readonly read: (report: Uint8Array) => boolean | undefined;
  on: boolean | undefined;
}

export interface ControlChange {
  readonly control: HidControl;
  readonly kind: HidControlKind;
  readonly on: boolean;
}

/** From input reports to what changed. A fresh reader for each opening: what was held when it was unplugged is let go. */
export class ReportReader {
  readonly #watched: Watched[];

  constructor(profile: HidProfile, fields: readonly HidField[]) {
    const numbered = fields.some((field) => field.report !== 0);
    this.#watched = Object.entries(profile.controls).flatMap(
      ([name, { kind, usage, byte, report = 0, mask = 255 }]) => {
        const control = name as HidControl;
        if (byte !== undefined) {
          const skip = report === 0 ? 0 : 1;
          const read = (bytes: Uint8Array) =>
            skip === 1 && bytes[0] !== report ? undefined : ((bytes[byte + skip] ?? 0) & mask) !== 0;
          return [{ control, kind, read, on: undefined }];
        }
        const field = usage === undefined ? undefined : fieldOf(fields, "input", usage);
        if (!field || usage === undefined) return [];
        const read = (bytes: Uint8Array) => {
          if (numbered && bytes[0] !== field.report) return undefined;
          return isOn(field, usage, numbered ? bytes.subarray(1) : bytes);
        };
        return [{ control, kind, read, on: undefined }];
      },
    );
  }

  /** Controls that this device really has. */
  get controls(): readonly HidControl[] {
    return this.#watched.map(({ control }) => control);
  }

  /** A button that is up at the first report says nothing new; the position of a switch always does. */
  take(report: Uint8Array): ControlChange[] {
    return this.#watched.flatMap((watched) => {
      const on = watched.read(report);
      if (on === undefined || on === (watched.on ?? (watched.kind === "switch" ? undefined : false))) return [];
      watched.on = on;
      return [{ control: watched.control, kind: watched.kind, on }];
    });
  }

  /** The device is gone: buttons that were held count as let go; a switch keeps its last position. */
  release(): ControlChange[] {
    return this.#watched.flatMap((watched) => {
      if (watched.kind === "switch" || !watched.on) return [];
      watched.on = false;
      return [{ control: watched.control, kind: watched.kind, on: false }];
    });
  }
}
