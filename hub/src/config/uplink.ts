import { literals, RoomName } from "@barnacle/protocol/schema";
import { type Static, Type } from "@sinclair/typebox";

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 2000, description }));
const rules = (preset: string[], description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 80 }), { default: preset, description });

/** Joining somebody's gateway: every node of this hub becomes a node there, and its agent answers here. */
export const UplinkConfig = Type.Object(
  {
    url: Type.String({
      pattern: "^(ws|http)s?://",
      maxLength: 300,
      description: "the gateway: ws://host:18789, wss://…",
    }),
    token: text("the gateway's shared token, for the first connections"),
    password: text("the gateway's password instead of a token"),
    tlsFingerprint: text("SHA-256 of the gateway's certificate, for wss:// with its own authority"),
    rooms: Type.Optional(Type.Array(RoomName, { description: "only nodes of these rooms; absent: all" })),
    offer: rules(["*"], "commands offered to the gateway, by name or group"),
    deny: rules([], "commands not offered to the gateway, by name or group"),
    ask: Type.Unsafe<"transcript" | "request">({
      ...literals(["transcript", "request"]),
      default: "request",
      description: "request: as a request without thinking; transcript: as speech",
    }),
    answers: Type.Boolean({
      default: true,
      description: "what no household sentence covers is asked of the gateway's agent",
    }),
    wakeWords: Type.Boolean({ default: true, description: "the gateway's wake words become the house's" }),
    talk: Type.Boolean({
      default: false,
      description: "second sessions, an operator's, that show Talk's state in the apps",
    }),
    replyMs: Type.Number({ default: 45_000, minimum: 1000, maximum: 600_000, description: "patience for an answer" }),
  },
  { additionalProperties: false },
);
export type UplinkConfig = Static<typeof UplinkConfig>;
