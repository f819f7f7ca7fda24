import { type Method, notHere } from "./method.ts";

/** Methods of the gateway protocols that have no meaning for a home hub, with the reason that a caller is given. */
export const notHereMethods: readonly Method[] = [
  notHere("update.run", "admin", "the hub is updated by its package manager"),
];
