import { type BoardOptions, LinuxBoard } from "./monitor.ts";
import type { BoardMonitor } from "./port.ts";

export { FakeBoard } from "./fake.ts";
export { type BoardOptions, LinuxBoard } from "./monitor.ts";
export type { BoardMonitor } from "./port.ts";

/** The monitor of the board this runs on. */
export function createBoardMonitor(options: BoardOptions = {}): BoardMonitor {
  return new LinuxBoard(options);
}
