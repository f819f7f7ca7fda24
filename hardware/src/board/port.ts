import type { BoardTelemetry, Inventory } from "@barnacle/protocol/schema";

/** Board health. Reads files below /proc and /sys; starts no process. What can't be read is left out. */
export interface BoardMonitor {
  sample(): Promise<BoardTelemetry>;
  /** "Raspberry Pi 4 Model B Rev 1.4", "x86_64", … */
  model(): Promise<string>;
  /** Names the boot, if the system does. */
  boot(): Promise<string | undefined>;
  /** What the board consists of; read by a process of its own, which takes a second or two. @throws HARDWARE_UNAVAILABLE */
  inventory(): Promise<Inventory>;
}
