import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import { type Method, method } from "./method.ts";

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
      const triggers = (params as { triggers?: unknown }).triggers;
      if (!Array.isArray(triggers)) {
        throw new BarnacleError("INPUT_INVALID", "voicewake.set requires triggers: string[]");
      }
      const words = triggers.filter((word): word is string => typeof word === "string");
      return { triggers: await hub.wakeWords.set(words) };
    },
  }),
];
