import type { ScopeName } from "@barnacle/protocol/gateway";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { Static, TSchema } from "@sinclair/typebox";
import type { Noun, View } from "../../town/nouns.ts";
import { type Method, method } from "./method.ts";
import { whoActs } from "./who.ts";

/** A question about the town: `READS` of `hub/src/<noun>/operations.ts`, loaded with the first call. Answers `{result}`. */
export function townRead<T extends TSchema>(noun: Noun | View, name: string, params: T): Method {
  return method({
    name: `${noun}.${name}`,
    access: "read",
    params,
    async run(asked, { hub }) {
      const [town, { townRead }] = await Promise.all([hub.town.open(), import("../../town/index.ts")]);
      const answer = await townRead(`${noun}.${name}`);
      return { result: await answer(town.reading(), asked) };
    },
  });
}

export interface TownWriteSpec<T extends TSchema> {
  /** Default `write`. */
  readonly access?: ScopeName;
  /** What of the parameters goes on record, where all of them is too much. */
  readonly recordAs?: (params: Static<T>) => JsonObject;
}

/**
 * Something done in the town: `WRITES` of `hub/src/<noun>/operations.ts`. The parameter `actor`, which each schema has, is
 * in whose name.
 */
export function townWrite<T extends TSchema>(noun: Noun, name: string, params: T, spec: TownWriteSpec<T> = {}): Method {
  const { access = "write", recordAs } = spec;
  return method({
    name: `${noun}.${name}`,
    access,
    records: "work",
    ...(recordAs === undefined ? {} : { recordAs }),
    params,
    async run(asked, { hub, caller: { principal } }) {
      const { actor, ...rest } = asked as { actor?: string };
      const [town, { townWrite }] = await Promise.all([hub.town.open(), import("../../town/index.ts")]);
      const { run } = await townWrite(`${noun}.${name}`);
      return { result: (await run({ town, who: whoActs(principal, actor), principal }, rest)) ?? null };
    },
  });
}
