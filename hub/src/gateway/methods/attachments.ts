import { Type } from "@sinclair/typebox";

export { pictures } from "../../agent/index.ts";

export const Attachments = Type.Optional(
  Type.Array(
    Type.Object({
      type: Type.Optional(Type.String()),
      mimeType: Type.Optional(Type.String()),
      fileName: Type.Optional(Type.String()),
      content: Type.Optional(Type.Unknown()),
    }),
    { maxItems: 20 },
  ),
);
