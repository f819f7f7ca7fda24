import { DurationMs, literals, RoomName } from "@barnacle/protocol/schema";
import { type Static, Type } from "@sinclair/typebox";

const strict = { additionalProperties: false } as const;
const Name = Type.String({ minLength: 1, maxLength: 120 });

/** A language model behind an endpoint that speaks OpenAI's chat completions. */
export const ModelConfig = Type.Object(
  {
    baseUrl: Type.String({
      pattern: "^https?://[^/?#@\\s]+([/?#].*)?$",
      maxLength: 500,
      refusal:
        "expected an http:// or https:// address without user and password; a key belongs into apiKey, apiKeyFile or apiKeyEnv",
      description: "up to and with the version: `http://127.0.0.1:11434/v1`",
    }),
    model: Type.String({ minLength: 1, maxLength: 200, description: "as the endpoint calls it" }),
    provider: Type.String({ default: "openai", pattern: "^[a-z0-9][a-z0-9_-]{0,40}$", description: "name in lists" }),
    name: Type.Optional(Name),
    apiKey: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    apiKeyFile: Type.Optional(
      Type.String({ minLength: 1, maxLength: 500, description: "read at each request, so it may be changed" }),
    ),
    apiKeyEnv: Type.Optional(Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]*$", description: "environment variable" })),
    contextTokens: Type.Integer({ default: 32_000, minimum: 1000, maximum: 10_000_000 }),
    maxTokens: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: "of one answer" })),
    temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 2 })),
    reasoning: Type.Boolean({ default: false, description: "it takes `reasoning_effort`" }),
    images: Type.Boolean({ default: false, description: "it takes images" }),
    tools: Type.Boolean({ default: true, description: "it may call the home's tools" }),
    silenceMs: Type.Unsafe<number>({
      ...DurationMs,
      default: 60_000,
      description: "longest wait for the next piece of an answer",
    }),
  },
  strict,
);
export type ModelConfig = Static<typeof ModelConfig>;

/** A program that answers: the message as one JSON line on its standard input, JSON lines on its standard output. */
export const CommandConfig = Type.Object(
  {
    argv: Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), {
      minItems: 1,
      maxItems: 64,
      description: "program and arguments; no shell",
    }),
    cwd: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    env: Type.Record(Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]*$" }), Type.String({ maxLength: 4000 }), {
      default: {},
      description: "besides PATH, HOME, LANG; nothing else is inherited",
    }),
    name: Type.String({ default: "command", minLength: 1, maxLength: 60 }),
  },
  strict,
);
export type CommandConfig = Static<typeof CommandConfig>;

/** What answers behind chat, voice, channels and hooks: household sentences first, then the model, then the program. */
export const AgentConfig = Type.Object(
  {
    model: Type.Optional(ModelConfig),
    models: Type.Array(ModelConfig, { default: [], description: "others that a session can choose" }),
    command: Type.Optional(CommandConfig),
    systemPrompt: Type.Optional(
      Type.String({ maxLength: 20_000, description: "said to the model before everything else" }),
    ),
    timeoutMs: Type.Unsafe<number>({ ...DurationMs, default: 300_000, description: "longest run" }),
    toolRounds: Type.Integer({ default: 8, minimum: 0, maximum: 50, description: "tool calls in a row, at most" }),
    queueMode: Type.Unsafe<"followup" | "collect" | "steer" | "interrupt">({
      ...literals(["followup", "collect", "steer", "interrupt"]),
      default: "followup",
      description: "what a message does while its session is busy",
    }),
    rooms: Type.Record(RoomName, Type.String({ minLength: 1, maxLength: 200 }), {
      default: {},
      description: "session of what is spoken in a room; `main` when absent, `room` for one of its own",
    }),
  },
  { ...strict, default: {} },
);
export type AgentConfig = Static<typeof AgentConfig>;

/** An assistant with a name and sessions of its own. */
export const AgentProfile = Type.Object(
  {
    id: Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,63}$" }),
    name: Type.Optional(Name),
    emoji: Type.Optional(Type.String({ minLength: 1, maxLength: 16 })),
    theme: Type.Optional(Name),
    avatar: Type.Optional(
      Type.String({ minLength: 1, maxLength: 500, description: "image file, `https:` or `data:image/` address" }),
    ),
    model: Type.Optional(Type.String({ minLength: 1, maxLength: 240, description: "`provider/model`" })),
    systemPrompt: Type.Optional(Type.String({ maxLength: 20_000 })),
  },
  strict,
);
export type AgentProfile = Static<typeof AgentProfile>;

/** What a call of a mapped hook becomes. `{{payload.title}}` in the texts is replaced from the call's body. */
export const HookMapping = Type.Object(
  {
    path: Type.String({
      pattern: "^(?!(agent|wake)$)[a-z0-9][a-z0-9_/-]{0,100}$",
      refusal:
        "expected 1 to 101 of a-z, 0-9, _, / and -, beginning with a letter or digit; `agent` and `wake` are taken by the hub's own hooks",
    }),
    action: Type.Unsafe<"wake" | "agent">({ ...literals(["wake", "agent"]), default: "agent" }),
    text: Type.String({ minLength: 1, maxLength: 4000 }),
    sessionKey: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    name: Type.Optional(Name),
  },
  strict,
);
export type HookMapping = Static<typeof HookMapping>;

/** HTTP calls that wake the agent or give it a message. Off without a token. */
export const HooksConfig = Type.Object(
  {
    token: Type.Optional(Type.String({ minLength: 16, maxLength: 200, description: "not the gateway's" })),
    path: Type.String({ default: "/hooks", pattern: "^/[a-z0-9_-]{1,40}$" }),
    mappings: Type.Array(HookMapping, { default: [] }),
  },
  { ...strict, default: {} },
);
export type HooksConfig = Static<typeof HooksConfig>;
