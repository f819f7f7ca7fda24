import type { BoardTelemetry, Inventory } from "@barnacle/protocol/schema";
import type { BoardMonitor } from "./port.ts";

/** A board whose readings are set by hand. */
export class FakeBoard implements BoardMonitor {
  reading: BoardTelemetry;
  name: string;

  constructor(reading: BoardTelemetry = {}, name = "Simulated board") {
    this.reading = reading;
    this.name = name;
  }

  async sample(): Promise<BoardTelemetry> {
    return this.reading;
  }

  async model(): Promise<string> {
    return this.name;
  }

  async boot(): Promise<string | undefined> {
    return "boot";
  }

  async inventory(): Promise<Inventory> {
    return { model: this.name };
  }
}
