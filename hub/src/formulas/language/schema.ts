import { literals } from "@barnacle/protocol/schema";
import { type Static, type TSchema, Type } from "@sinclair/typebox";

/**
 * The language of formulas, as it stands in files. `expected` says in words what a key wants, where the schema alone would
 * not. Source: the public beads and Gas Town projects, as described for their formula files.
 */
const strict = { additionalProperties: false };
const Text = Type.String({ maxLength: 1_000_000 });
const Title = Type.String({ minLength: 1, maxLength: 500, expected: "a text of 1 to 500 characters" });
const StepId = Type.String({
  pattern: "^[A-Za-z0-9_{][A-Za-z0-9_.{}-]{0,119}$",
  expected: "an id of letters, digits, - _ . and placeholders such as {target}",
});
const Name = Type.String({
  pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$",
  expected: "a name of letters, digits, - _ .",
});
const VarName = "^[A-Za-z_][A-Za-z0-9_]{0,79}$";
const Texts = Type.Array(Text, { maxItems: 1000 });
const Ids = Type.Array(StepId, { maxItems: 1000 });
const Scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean()], {
  expected: "a text, a number, true or false",
});
const Values = Type.Record(Type.String({ pattern: VarName }), Scalar, strict);

function some<T extends TSchema>(schema: T) {
  return Type.Optional(schema);
}

export const VAR_TYPES = ["string", "int", "bool"] as const;

const Var = Type.Union(
  [
    Scalar,
    Type.Object(
      {
        description: some(Text),
        default: some(Scalar),
        required: some(Type.Boolean()),
        enum: some(Type.Array(Scalar, { minItems: 1 })),
        pattern: some(Text),
        type: some(literals(VAR_TYPES)),
      },
      strict,
    ),
  ],
  {
    expected: `its default, or a table of description, default, required, enum, pattern and type (${VAR_TYPES.join(", ")})`,
  },
);
const Vars = Type.Record(Type.String({ pattern: VarName }), Var, strict);

export const GATE_TYPES = ["human", "timer", "bead", "device", "gh:run", "gh:pr", "mail", "condition"] as const;

const Gate = Type.Object(
  {
    type: literals(GATE_TYPES),
    id: some(Text),
    await_id: some(Text),
    timeout: some(
      Type.Union([Type.String(), Type.Integer()], {
        expected: 'a length of time such as "30m" or "2h", or nanoseconds',
      }),
    ),
  },
  strict,
);

const OnComplete = Type.Object(
  {
    for_each: Type.String({ pattern: "^output(\\.[A-Za-z0-9_-]+)+$", expected: "output.<path> of the step" }),
    bond: Name,
    vars: some(Values),
    parallel: some(Type.Boolean()),
    sequential: some(Type.Boolean()),
  },
  strict,
);

const Priority = Type.Union([Type.Integer({ minimum: 0, maximum: 4 }), Type.String({ pattern: "^[Pp]?[0-4]$" })], {
  expected: "0 (most urgent) to 4",
});

const StepFields = {
  id: some(StepId),
  title: some(Title),
  description: some(Text),
  notes: some(Text),
  acceptance: some(Text),
  type: some(Text),
  priority: some(Priority),
  labels: some(Texts),
  metadata: some(Type.Record(Type.String(), Type.Unknown(), { expected: "a table" })),
  depends_on: some(Ids),
  needs: some(Ids),
  waits_for: some(
    Type.String({
      pattern: "^(all-children|any-children|children-of\\([A-Za-z0-9_.{}-]+\\))$",
      expected: "all-children, any-children or children-of(<step>)",
    }),
  ),
  assignee: some(Text),
  expand: some(Name),
  expand_vars: some(Values),
  condition: some(Text),
  gate: some(Gate),
  on_complete: some(OnComplete),
  parallel: some(Type.Boolean()),
  interactive: some(Type.Boolean()),
};

const loopOf = <T extends TSchema>(step: T) =>
  Type.Object(
    {
      count: some(
        Type.Union([Type.Integer({ minimum: 0 }), Type.String()], { expected: "a whole number or {{variable}}" }),
      ),
      range: some(Text),
      until: some(Text),
      max: some(Type.Integer({ minimum: 1, maximum: 1000 })),
      var: some(Type.String({ pattern: VarName, expected: "the name of a variable" })),
      body: Type.Array(step),
    },
    strict,
  );

export const StepSource = Type.Recursive((This) =>
  Type.Object({ ...StepFields, children: some(Type.Array(This)), loop: some(loopOf(This)) }, strict),
);
export type StepSource = Static<typeof StepSource>;
const Steps = Type.Array(StepSource, { maxItems: 5000 });

const Advice = Type.Object(
  {
    target: Text,
    before: some(StepSource),
    after: some(StepSource),
    around: some(Type.Object({ before: some(Steps), after: some(Steps) }, strict)),
  },
  strict,
);
export type AdviceSource = Static<typeof Advice>;

const Compose = Type.Object(
  {
    bond_points: some(
      Type.Array(
        Type.Object(
          {
            id: StepId,
            description: some(Text),
            after_step: some(StepId),
            before_step: some(StepId),
            parallel: some(Type.Boolean()),
          },
          strict,
        ),
      ),
    ),
    hooks: some(
      Type.Array(
        Type.Object(
          {
            trigger: Type.String({
              pattern: "^(label|type|priority):.+$",
              expected: "label:<label>, type:<type> or priority:<n>",
            }),
            attach: Name,
            at: StepId,
            vars: some(Values),
          },
          strict,
        ),
      ),
    ),
    expand: some(Type.Array(Type.Object({ target: StepId, with: Name, vars: some(Values) }, strict))),
    map: some(Type.Array(Type.Object({ select: Text, with: Name, vars: some(Values) }, strict))),
    branch: some(Type.Array(Type.Object({ from: StepId, steps: Ids, join: StepId }, strict))),
    gate: some(Type.Array(Type.Object({ before: StepId, condition: Text }, strict))),
    aspects: some(Type.Array(Name)),
  },
  strict,
);

/** A part of a convoy that one worker does, or one look of an aspect. */
const Leg = Type.Object(
  {
    id: StepId,
    title: Title,
    focus: some(Text),
    description: some(Text),
    agent: some(Text),
    review_only: some(Type.Boolean()),
  },
  strict,
);

const Input = Type.Object(
  {
    description: some(Text),
    type: some(Text),
    required: some(Type.Boolean()),
    required_unless: some(Texts),
    default: some(Scalar),
  },
  strict,
);

export const FORMULA_TYPES = ["workflow", "expansion", "aspect", "convoy"] as const;

export const FormulaSource = Type.Object(
  {
    formula: Name,
    version: some(Type.Integer({ minimum: 1, expected: "a whole number from 1 on" })),
    type: some(literals(FORMULA_TYPES)),
    description: some(Text),
    extends: some(Type.Array(Name)),
    vars: some(Vars),
    steps: some(Steps),
    template: some(Steps),
    compose: some(Compose),
    advice: some(Type.Array(Advice)),
    pointcuts: some(
      Type.Array(
        Type.Object({ glob: some(Text), type: some(Text), label: some(Text) }, { ...strict, minProperties: 1 }),
      ),
    ),
    phase: some(literals(["liquid", "vapor"])),
    pour: some(Type.Boolean()),
    inputs: some(Type.Record(Type.String({ pattern: VarName }), Input, strict)),
    prompts: some(Type.Object({ base: some(Text) }, strict)),
    legs: some(Type.Array(Leg)),
    synthesis: some(Type.Object({ title: Title, description: some(Text), depends_on: some(Ids) }, strict)),
    output: some(Type.Object({ directory: some(Text), leg_pattern: some(Text), synthesis: some(Text) }, strict)),
    aspects: some(Type.Array(Leg)),
  },
  strict,
);
export type FormulaSource = Static<typeof FormulaSource>;

/** What a rig or a workspace changes of a formula without writing it anew. */
export const OverlaySource = Type.Object(
  {
    "step-overrides": Type.Array(
      Type.Object({ step_id: StepId, mode: literals(["replace", "append", "skip"]), description: some(Text) }, strict),
    ),
  },
  strict,
);
export type OverlaySource = Static<typeof OverlaySource>;
