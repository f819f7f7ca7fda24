import { Type } from "@sinclair/typebox";

/** Batches of work. */
export const ConvoyConfig = Type.Object(
  {
    patrolSeconds: Type.Integer({
      ...{ default: 30, minimum: 1, maximum: 86_400 },
      description: "how often launched convoys are looked through for work that nobody does",
    }),
    coolDownSeconds: Type.Integer({
      ...{ default: 600, minimum: 0, maximum: 86_400 },
      description: "how long a convoy that was given work by such a look is left alone",
    }),
    graceSeconds: Type.Integer({
      ...{ default: 60, minimum: 0, maximum: 86_400 },
      description: "how long who makes a convoy has time to give out its work himself",
    }),
    perPatrol: Type.Integer({
      ...{ default: 3, minimum: 0, maximum: 1000 },
      description: "work items handed out by one look",
    }),
    notifyOnComplete: Type.Boolean({
      default: false,
      description: "the mayor gets a nudge for every convoy that lands",
    }),
  },
  { additionalProperties: false, default: {}, description: "batches of work" },
);
