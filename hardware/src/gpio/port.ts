import type { Availability } from "../availability.ts";

export const LINE_BIASES = ["pull-up", "pull-down", "off"] as const;
export type LineBias = (typeof LINE_BIASES)[number];

/** A line as people ask for it: its offset on the board's chip, the household's name for it, or the kernel's. */
export type LineRef = number | string;

/** How a line is used. `activeLow` inverts: value 1 always means "on". */
export interface LineConfig {
  /** Offset on the chip, or the name that the kernel has for the line ("GPIO17"). */
  readonly line: LineRef;
  /** The household's name: "kitchen light". */
  readonly name?: string;
  /** Label of the chip, where it is not the board's own. Such a line is asked for by name. */
  readonly chip?: string;
  readonly direction: "in" | "out";
  readonly activeLow?: boolean;
  /** Resistor of the pin; absent: as it is. */
  readonly bias?: LineBias;
  /** Input: a level that does not last this long is not told. Milliseconds. */
  readonly debounceMs?: number;
  /** Output: value at start. Absent: an output goes on as it is. */
  readonly initial?: 0 | 1;
  /** Output: value that can do no harm; when it is taken is up to whoever owns the port. */
  readonly safe?: 0 | 1;
}

export interface LineState {
  /** Its offset; the kernel's name as long as nobody knows the offset. */
  readonly line: LineRef;
  /** The kernel's name, where the line is configured by it. */
  readonly kernelName?: string;
  readonly name?: string;
  readonly chip?: string;
  readonly direction: "in" | "out";
  /** Absent while the line cannot be had. */
  readonly value?: 0 | 1;
  /** Share of time on, 0 to 1; present while the line is pulsed. */
  readonly duty?: number;
  /** Why the line cannot be had now. */
  readonly unavailable?: string;
}

export interface GpioEdge {
  readonly line: LineRef;
  readonly name?: string;
  readonly chip?: string;
  readonly value: 0 | 1;
  /** Wall clock, ms. */
  readonly at: number;
  /** When the kernel saw it: nanoseconds of its monotonic clock, in decimal. Absent: the driver is not told. */
  readonly kernelNs?: string;
  /** Counts this line's edges from 1, those that were lost too. */
  readonly sequence: number;
  /** How many edges of this line were lost since the one before. */
  readonly lost: number;
}

/**
 * Which value an output takes when it is opened, at start and again after its chip was gone. Undefined: it goes on as it is.
 * `last` is what this process set last.
 */
export type StartValue = (config: LineConfig, last: 0 | 1 | undefined) => 0 | 1 | undefined;

/**
 * The board's general-purpose pins. A line that cannot be had (no chip, no permission, used by another program) is no
 * error of `open`: it is tried again, and its use is refused with the reason until then.
 */
export interface GpioPort {
  /** `chardev`, `sysfs`, `fake` or `none`. */
  readonly name: string;
  availability(): Promise<Availability>;
  /** @throws CONFIG_INVALID for a line that is configured twice */
  open(lines: readonly LineConfig[], startValue?: StartValue): Promise<void>;
  /** @throws COMMAND_PARAMS for a line that is not configured, HARDWARE_UNAVAILABLE */
  read(line: LineRef): Promise<0 | 1>;
  /** @throws COMMAND_PARAMS for a line that is not configured or an input, HARDWARE_UNAVAILABLE */
  write(line: LineRef, value: 0 | 1): Promise<void>;
  /** Pulses an output. `duty` 0 to 1. @throws as `write` */
  pwm(line: LineRef, duty: number): Promise<void>;
  list(): readonly LineState[];
  onEdge(listener: (edge: GpioEdge) => void): () => void;
  /** Called when lines were lost or came back. */
  onChange(listener: () => void): () => void;
  /** Gives the lines back; outputs are left as they are. */
  close(): Promise<void>;
}
