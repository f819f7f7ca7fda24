import { Type } from "@sinclair/typebox";

const strict = { additionalProperties: false } as const;

/** Work items and those who do them. */
export const WorkConfig = Type.Object({}, { ...strict, default: {}, description: "work items and those who do them" });
