import { deviceMethods } from "./devices.ts";
import { homeMethods } from "./home.ts";
import type { Method } from "./method.ts";
import { nodeMethods } from "./nodes.ts";
import { pairingMethods } from "./pairing.ts";
import { recordMethods } from "./records.ts";
import { statusMethods } from "./status.ts";
import { wakeWordMethods } from "./wake-words.ts";

/** Every method by name, but for `connect`, which belongs to the handshake. */
export const METHODS: ReadonlyMap<string, Method> = new Map(
  [
    ...statusMethods,
    ...nodeMethods,
    ...pairingMethods,
    ...wakeWordMethods,
    ...deviceMethods,
    ...homeMethods,
    ...recordMethods,
  ].map((method) => [method.name, method]),
);

export const METHOD_NAMES: readonly string[] = [...METHODS.keys()];
