import { configMethods } from "./config.ts";
import { deviceMethods } from "./devices.ts";
import { emptyMethods } from "./empty.ts";
import { homeMethods } from "./home.ts";
import type { Method } from "./method.ts";
import { nodeMethods } from "./nodes.ts";
import { notHereMethods } from "./not-here.ts";
import { pairingMethods } from "./pairing.ts";
import { recordMethods } from "./records.ts";
import { statusMethods } from "./status.ts";
import { userMethods } from "./users.ts";
import { wakeWordMethods } from "./wake-words.ts";

const ALL: readonly Method[] = [
  ...statusMethods,
  ...nodeMethods,
  ...pairingMethods,
  ...wakeWordMethods,
  ...deviceMethods,
  ...homeMethods,
  ...recordMethods,
  ...configMethods,
  ...userMethods,
  ...emptyMethods,
  ...notHereMethods,
];

/** Every method by name, but for `connect`, which belongs to the handshake. */
export const METHODS: ReadonlyMap<string, Method> = new Map(ALL.map((method) => [method.name, method]));

/** `features.methods`: what does something here. Clients hide what is not among them. */
export const METHOD_NAMES: readonly string[] = ALL.filter(isHere).map((method) => method.name);

export function isHere({ support }: Method): boolean {
  return typeof support === "string" || !("none" in support);
}
