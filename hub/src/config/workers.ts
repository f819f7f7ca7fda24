import { type Static, Type } from "@sinclair/typebox";

const strict = { additionalProperties: false } as const;
const Names = Type.Array(Type.String({ minLength: 1 }));

export const RunnerConfig = Type.Object(
  {
    preset: Type.Optional(
      Type.String({ description: "what it is based on: claude, codex, gemini, opencode, amp, copilot or cursor" }),
    ),
    argv: Type.Optional(Type.Array(Type.String(), { minItems: 1, description: "program and arguments, no shell" })),
    args: Type.Optional(Type.Array(Type.String(), { description: "further arguments, such as a model" })),
    resume: Type.Optional(
      Type.Array(Type.String(), { minItems: 1, description: "in the place of argv when it goes on with begun work" }),
    ),
    prompt: Type.Optional(
      Type.Union([Type.Literal("protocol"), Type.Literal("stdin"), Type.Literal("argument")], {
        description: "how it learns what to do: JSON lines, the prompt as its input, or {prompt} among its arguments",
      }),
    ),
    passEnv: Type.Optional({
      ...Names,
      description: "names of the hub's environment variables that it may have, such as the key of its model",
    }),
    env: Type.Optional(Type.Record(Type.String(), Type.String(), { description: "its own environment variables" })),
  },
  { ...strict, description: "a program that does work" },
);
export type RunnerConfig = Static<typeof RunnerConfig>;

const seconds = (value: number, description: string, minimum = 0) =>
  Type.Number({ minimum, default: value, description });

export const WorkerLimits = Type.Object(
  {
    wallS: seconds(4 * 3600, "one run of a worker lasts no longer; 0: no limit"),
    restarts: Type.Integer({
      ...{ minimum: 0, default: 3 },
      description: "starts again that a bead may need before its worker counts as stuck",
    }),
    restartDelayS: seconds(2, "before the first start again; doubled each time"),
    restartDelayMaxS: seconds(300, "at most so long between two starts"),
    graceS: seconds(5, "from being asked to stop to being stopped"),
    handoffGapS: seconds(120, "between two hand-offs of one worker"),
    maxRetries: Type.Integer({
      ...{ minimum: 0, default: 3 },
      description: "times that a bead is given to somebody else before it is set aside",
    }),
    logBytes: Type.Integer({
      ...{ minimum: 4096, default: 4 * 1024 * 1024 },
      description: "of a worker's log; a full one is put aside once",
    }),
  },
  { ...strict, default: {}, description: "limits of workers" },
);
export type WorkerLimits = Static<typeof WorkerLimits>;

/** Members of `work:` about those who do the work. */
export const WORKERS = {
  runner: Type.String({ default: "claude", description: "of workers that name no other" }),
  runners: Type.Record(Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,63}$" }), RunnerConfig, {
    ...{ default: {}, description: "programs that do work, by name" },
  }),
  roleRunners: Type.Record(Type.String(), Type.String(), {
    ...{ default: {}, description: "runners by role: polecat, crew, mayor" },
  }),
  rigRunners: Type.Record(Type.String(), Type.String(), { default: {}, description: "runners of rigs, by rig" }),
  names: Type.Record(Type.String(), Type.Union([Type.String(), Names]), {
    ...{ default: {}, description: "names of workers by rig: mad-max, minerals, wasteland or a list" },
  }),
  workers: WorkerLimits,
};
