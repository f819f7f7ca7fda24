import { Type } from "@sinclair/typebox";
import { healthObject, statusObject } from "../health.ts";
import { type Method, method } from "./method.ts";

const Anything = Type.Unknown();

export const statusMethods: readonly Method[] = [
  method({ name: "health", access: "read", params: Anything, run: (_params, { hub }) => healthObject(hub) }),
  method({
    name: "status",
    access: "read",
    params: Anything,
    run: (_params, { hub, uptimeMs, connections }) => statusObject(hub, uptimeMs(), connections()),
  }),
  method({
    name: "system-presence",
    access: "read",
    params: Anything,
    run: (_params, { presence }) => presence.list(),
  }),
  method({
    name: "barnacle.counters",
    access: "read",
    params: Type.Object({}),
    run: (_params, { hub }) => ({ counters: hub.counters.snapshot() }),
  }),
];
