import type { Availability } from "../availability.ts";

/** How a line is used. `activeLow` inverts: value 1 always means "on". */
export interface LineConfig {
  /** Offset on the chip. */
  readonly line: number;
  readonly name?: string;
  readonly direction: "in" | "out";
  readonly activeLow?: boolean;
  /** Output level at start, 0 or 1. */
  readonly initial?: 0 | 1;
}

export interface LineState {
  readonly line: number;
  readonly name?: string;
  readonly direction: "in" | "out";
  readonly value: 0 | 1;
  /** Share of time on, 0 to 1; present while the line is pulsed. */
  readonly duty?: number;
}

export interface GpioEdge {
  readonly line: number;
  readonly value: 0 | 1;
  /** Wall clock, ms. */
  readonly at: number;
}

/** The board's general-purpose pins. */
export interface GpioPort {
  /** `fake`; the kernel driver joins it with the hardware work. */
  readonly name: string;
  availability(): Promise<Availability>;
  open(lines: readonly LineConfig[]): Promise<void>;
  /** @throws COMMAND_PARAMS for a line that is not configured */
  read(line: number): Promise<0 | 1>;
  /** @throws COMMAND_PARAMS for a line that is not configured or an input */
  write(line: number, value: 0 | 1): Promise<void>;
  /** Pulses an output. `duty` 0 to 1. */
  pwm(line: number, duty: number): Promise<void>;
  list(): readonly LineState[];
  onEdge(listener: (edge: GpioEdge) => void): () => void;
  close(): Promise<void>;
}
