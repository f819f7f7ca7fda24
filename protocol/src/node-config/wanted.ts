import { type Static, Type } from "@sinclair/typebox";
import { JsonObject, nullable } from "../schema/common.ts";

/** Names one wanted configuration: 16 hex digits of the SHA-256 of its canonical JSON, so equal content has one name. */
export const WantedRevision = Type.String({ pattern: "^[0-9a-f]{16}$" });

/** What the hub wants in a node's configuration; lies over the node's own file. */
export const NodeWanted = Type.Object({
  revision: WantedRevision,
  config: JsonObject,
  /** Try it although it failed before. */
  again: Type.Optional(Type.Boolean()),
});
export type NodeWanted = Static<typeof NodeWanted>;

export const WantedProblem = Type.Object({
  /** `wake.threshold`; empty for the whole. */
  key: Type.String({ maxLength: 200 }),
  message: Type.String({ maxLength: 1000 }),
});
export type WantedProblem = Static<typeof WantedProblem>;

/** What is in force on a node. */
export const NodeActual = Type.Object({
  /** Null: the node's own file alone. */
  revision: nullable(WantedRevision),
  /** The last one that was not taken, or was given up. */
  refused: Type.Optional(
    Type.Object({ revision: WantedRevision, problems: Type.Array(WantedProblem, { maxItems: 20 }) }),
  ),
  /** Keys that the hub wants and the node's own file keeps as they are (`fleet.deny`). */
  kept: Type.Array(Type.String({ maxLength: 200 }), { maxItems: 100 }),
});
export type NodeActual = Static<typeof NodeActual>;
