import { type Static, Type } from "@sinclair/typebox";
import { DurationMs, literals } from "./common.ts";

/** Board health, read from /proc and /sys. A reading that could not be taken is absent, never zero. */
export const BoardTelemetry = Type.Object({
  uptimeS: Type.Optional(Type.Number({ minimum: 0 })),
  cpu: Type.Optional(
    Type.Object({
      /** Share of all cores since the last sample, 0 to 100. */
      usedPercent: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
      load1: Type.Optional(Type.Number({ minimum: 0 })),
      cores: Type.Optional(Type.Integer({ minimum: 1 })),
    }),
  ),
  temperatureC: Type.Optional(Type.Number()),
  throttled: Type.Optional(
    Type.Object({ now: Type.Boolean(), since: Type.Boolean(), reasons: Type.Array(Type.String()) }),
  ),
  memory: Type.Optional(
    Type.Object({
      totalBytes: Type.Integer({ minimum: 0 }),
      availableBytes: Type.Integer({ minimum: 0 }),
      agentRssBytes: Type.Optional(Type.Integer({ minimum: 0 })),
    }),
  ),
  disk: Type.Optional(Type.Object({ totalBytes: Type.Number({ minimum: 0 }), freeBytes: Type.Number({ minimum: 0 }) })),
  link: Type.Optional(
    Type.Object({
      name: Type.String(),
      kind: literals(["ethernet", "wifi", "other"]),
      up: Type.Boolean(),
      signalDbm: Type.Optional(Type.Number()),
    }),
  ),
  /** Absent on boards that are plugged in for good. */
  battery: Type.Optional(Type.Object({ percent: Type.Number({ minimum: 0, maximum: 100 }), charging: Type.Boolean() })),
  /** Sound devices that the kernel has. */
  sound: Type.Optional(Type.Object({ capture: Type.Integer({ minimum: 0 }), playback: Type.Integer({ minimum: 0 }) })),
  /** Configured pins, as in `gpio.list`; no more than 64 of them. */
  gpio: Type.Optional(
    Type.Array(
      Type.Object({
        line: Type.Union([Type.Integer({ minimum: 0 }), Type.String()]),
        name: Type.Optional(Type.String()),
        value: Type.Optional(Type.Integer({ minimum: 0, maximum: 1 })),
      }),
      { maxItems: 64 },
    ),
  ),
  agentVersion: Type.Optional(Type.String({ maxLength: 40 })),
  microphone: Type.Optional(Type.Object({ state: Type.String(), reason: Type.Optional(Type.String()) })),
  /** Whether the state directory takes what must last; if not, it is kept in memory until it does. */
  storage: Type.Optional(Type.Object({ writable: Type.Boolean(), reason: Type.Optional(Type.String()) })),
  /** Free counters, for example `framesDropped`. */
  counters: Type.Optional(Type.Record(Type.String(), Type.Number())),
  /** Longest event-loop delay since the last sample. */
  loopDelayMs: Type.Optional(DurationMs),
});
export type BoardTelemetry = Static<typeof BoardTelemetry>;
