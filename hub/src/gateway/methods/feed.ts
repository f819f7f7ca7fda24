import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { FEED_SOURCES } from "../../feed/feed.ts";
import type { Method } from "./method.ts";
import { townRead } from "./town.ts";

/** What happens in the town, in one stream. */
export const feedMethods: readonly Method[] = [
  townRead(
    "feed",
    "list",
    Type.Object({
      after: Type.Optional(Type.String({ pattern: "^\\d{1,16}(\\.\\d{1,16}){3}$" })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      sources: Type.Optional(Type.Array(literals(FEED_SOURCES))),
      since: Type.Optional(Type.Integer({ minimum: 0 })),
    }),
  ),
];
