import { type Static, Type } from "@sinclair/typebox";

const strict = { additionalProperties: false } as const;

const Route = Type.String({
  pattern: "^(bead|inbox|log|notify|mail:.+)$",
  description: "bead, inbox, log, notify, or mail:<address>",
});

function routes(value: readonly string[], description: string) {
  return Type.Array(Route, { default: [...value], maxItems: 20, description });
}

/** How calls for help reach people. Times in seconds. */
export const EscalationConfig = Type.Object(
  {
    staleSeconds: Type.Integer({
      ...{ default: 14_400, minimum: 1, maximum: 2_592_000 },
      description: "an escalation that nobody acknowledged for so long is told again, one severity higher",
    }),
    maxReescalations: Type.Integer({ default: 2, minimum: 0, maximum: 10, description: "how often at most" }),
    cooldownSeconds: Type.Integer({
      ...{ default: 300, minimum: 0, maximum: 604_800 },
      description: "one escalation for one cause within this",
    }),
    routes: Type.Object(
      {
        low: routes(["bead"], "where one of low severity goes"),
        medium: routes(["bead", "mail:mayor/"], "of medium severity"),
        high: routes(["bead", "mail:mayor/", "inbox"], "of high severity"),
        critical: routes(["bead", "mail:mayor/", "inbox", "notify", "log"], "of critical severity"),
      },
      { ...strict, default: {}, description: "where they go, by severity" },
    ),
    notify: Type.Optional(
      Type.Object(
        {
          channel: Type.String({ minLength: 1, maxLength: 60, description: "rooms, or another channel" }),
          to: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "absent: everybody there" })),
        },
        { ...strict, description: "where the route notify speaks; absent: nowhere" },
      ),
    ),
  },
  { ...strict, default: {}, description: "how calls for help reach people" },
);
export type EscalationConfig = Static<typeof EscalationConfig>;
