import { Type } from "@sinclair/typebox";

const strict = { additionalProperties: false } as const;

export const CronConfig = Type.Object(
  { enabled: Type.Boolean({ default: true, description: "false: scheduled jobs are kept, but none runs by itself" }) },
  { ...strict, default: {} },
);

export const SpeechConfig = Type.Object(
  {
    recogniser: Type.String({
      default: "pocketsphinx",
      minLength: 1,
      maxLength: 40,
      description: "who recognises dictation of apps: pocketsphinx or vosk",
    }),
    library: Type.Optional(Type.String({ description: "file of the recogniser's library" })),
    model: Type.Optional(Type.String({ description: "folder of the recogniser's model" })),
  },
  { ...strict, default: {}, description: "speech of the hub itself, for clients that have none" },
);

export const HeartbeatConfig = Type.Object(
  {
    every: Type.String({ default: "0m", maxLength: 20, description: "how often, as in `30m`; `0m`: only when woken" }),
    prompt: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4000,
        description: "what the agent is asked; HEARTBEAT_OK means nothing",
      }),
    ),
    target: Type.String({
      default: "none",
      minLength: 1,
      maxLength: 100,
      description: "where it is said: a room, `all`, or `none` (it stays in the session)",
    }),
    agentId: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  { ...strict, default: {}, description: "the agent looks by itself whether something needs it" },
);
