import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import { type Method, method } from "./method.ts";

const Target = Type.Union([
  Type.Object({ mode: Type.Literal("current") }),
  Type.Object({ agentId: Type.String({ minLength: 1, maxLength: 64 }) }),
  Type.Object({ sessionKey: Type.String({ minLength: 1, maxLength: 300 }) }),
]);
const Routing = {
  defaultTarget: Type.Optional(Target),
  routes: Type.Optional(Type.Array(Type.Object({ trigger: Type.String({ maxLength: 80 }), target: Target }))),
};

export const wakeWordMethods: readonly Method[] = [
  method({
    name: "voicewake.get",
    access: "read",
    params: Type.Unknown(),
    run: (_params, { hub }) => ({ triggers: hub.wakeWords.get() }),
  }),
  method({
    name: "voicewake.set",
    access: "write",
    records: "config",
    params: Type.Unknown(),
    async run(params, { hub }) {
      const triggers = (params as { triggers?: unknown } | null)?.triggers;
      if (!Array.isArray(triggers)) {
        throw new BarnacleError("INPUT_INVALID", "voicewake.set requires triggers: string[]");
      }
      const words = triggers.filter((word): word is string => typeof word === "string");
      return { triggers: await hub.wakeWords.set(words) };
    },
  }),
  method({
    name: "voicewake.routing.get",
    access: "read",
    params: Type.Unknown(),
    run: (_params, { hub }) => ({ config: hub.wakeRouting.get() }),
  }),
  method({
    name: "voicewake.routing.set",
    access: "write",
    records: "config",
    // The published protocol has no such method; both obvious shapes are taken.
    params: Type.Object({ ...Routing, config: Type.Optional(Type.Object(Routing)) }),
    run: async ({ config, defaultTarget, routes }, { hub }) => ({
      config: await hub.wakeRouting.set(
        config ?? { ...(defaultTarget ? { defaultTarget } : {}), ...(routes ? { routes } : {}) },
      ),
    }),
  }),
];
