import type { JsonObject } from "@barnacle/protocol/schema";
import {
  type Command,
  deviceCommands,
  gpioCommands,
  soundCommands,
  talkCommands,
  upkeepCommands,
} from "./commands/index.ts";
import { type NodeHardware, reasonOf } from "./hardware/node-hardware.ts";
import type { Home } from "./home/index.ts";
import type { Ears, Mute, Pipeline } from "./pipeline/index.ts";
import type { Speaker } from "./speaker/index.ts";

/** The parts of a node that its commands work on. */
export interface CommandedParts {
  readonly pins: Parameters<typeof gpioCommands>[0];
  readonly speaker: Speaker;
  readonly hardware: NodeHardware;
  readonly mute: Mute;
  readonly ears: Ears | undefined;
  /** Asked late: it may be replaced. */
  readonly pipeline: () => Pipeline | undefined;
  readonly joined: Pick<Home, "stopTalking">;
  readonly name: string;
  readonly updater: Parameters<typeof upkeepCommands>[0]["updater"];
  readonly searchPath: () => string | undefined;
  readonly restart: () => void;
  readonly info: () => JsonObject;
  readonly health: () => Promise<JsonObject>;
  /** Wake phrases heard since the start. */
  readonly detections: () => number;
}

/** Everything that this node can be asked to do. */
export function agentCommands(parts: CommandedParts): Command[] {
  const { pins, speaker, hardware, mute, ears, pipeline, joined } = parts;
  const voiceMissing = () => reasonOf(hardware.synthesiser) ?? reasonOf(hardware.player);
  const quiet = () => pipeline()?.quiet() ?? Promise.resolve();
  return [
    ...gpioCommands(pins),
    ...soundCommands({
      speaker,
      playerMissing: () => reasonOf(hardware.player),
      voiceMissing,
      microphoneMissing: () => reasonOf(hardware.microphone),
      quiet,
      mute: async (muted) => {
        mute.set(muted);
        await ears?.settled();
      },
      muted: () => ears?.muted ?? true,
      mutedBy: () => mute.by,
      name: parts.name,
    }),
    ...talkCommands({
      speaker,
      earsMissing: () => (pipeline() ? undefined : (reasonOf(hardware.microphone) ?? "nothing here listens")),
      voiceMissing,
      listen: () => pipeline()?.listen() ?? false,
      finish: () => pipeline()?.finish() ?? false,
      cancel: () => pipeline()?.cancel() ?? false,
      stopTalking: () => joined.stopTalking(),
      quiet,
    }),
    ...deviceCommands({
      info: async () => parts.info(),
      health: parts.health,
      wakeStatus: () => wakeStatus(parts),
      searchPath: parts.searchPath,
    }),
    ...upkeepCommands({ restart: parts.restart, updater: parts.updater }),
  ];
}

function wakeStatus({ hardware, pipeline, ears, detections }: CommandedParts): JsonObject {
  const reason = reasonOf(hardware.microphone) ?? reasonOf(hardware.wake) ?? reasonOf(hardware.endpoint);
  const running = pipeline();
  return {
    ...(running ? { engine: running.wakeEngine.name, phrases: running.wakeEngine.phrases, state: running.state } : {}),
    ...(reason === undefined ? {} : { reason }),
    muted: ears?.muted ?? false,
    microphone: ears ? { name: ears.name, ...ears.status } : { state: "stopped" },
    detections: detections(),
  };
}
