import { BarnacleError } from "@barnacle/protocol/errors";
import { literals, validator } from "@barnacle/protocol/schema";
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { HOOK_DEFAULTS } from "./hook-names.ts";

const strict = { additionalProperties: false } as const;
/** A text is given to `sh -c`; a list is a program with its arguments, without a shell. */
const Command = Type.Union(
  [Type.String({ maxLength: 4000 }), Type.Array(Type.String({ maxLength: 4000 }), { minItems: 1, maxItems: 100 })],
  { default: "" },
);
const Script = Type.String({ default: "", maxLength: 4000 });
const Word = <const T extends readonly string[]>(words: T, first: T[number]) =>
  Type.Unsafe<T[number]>({ ...literals(words), default: first });
const Length = (text: string) => Type.String({ default: text, pattern: "^[0-9]+(ms|s|m|h|d)$" });

/** How the merge queue treats a rig. A command that is empty is left out. Source: Gas Town, rig settings. */
export const MergeQueueSettings = Type.Object(
  {
    enabled: Type.Boolean({ default: true }),
    run_tests: Type.Boolean({ default: true }),
    ...{ setup_command: Command, typecheck_command: Command, lint_command: Command },
    ...{ test_command: Command, build_command: Command },
    on_conflict: Word(["assign_back", "auto_rebase"], "assign_back"),
    delete_merged_branches: Type.Boolean({ default: true }),
    retry_flaky_tests: Type.Integer({ default: 1, minimum: 0, maximum: 10 }),
    poll_interval: Length("30s"),
    max_concurrent: Type.Integer({ default: 1, minimum: 1, maximum: 16 }),
    integration_branch_polecat_enabled: Type.Boolean({ default: true }),
    integration_branch_refinery_enabled: Type.Boolean({ default: true }),
    integration_branch_template: Type.String({ default: "integration/{title}", minLength: 1, maxLength: 200 }),
    integration_branch_auto_land: Type.Boolean({ default: false }),
    merge_strategy: Word(["direct", "mr", "local"], "direct"),
    vcs_provider: Type.String({ default: "", maxLength: 40 }),
    require_review: Type.Boolean({ default: false }),
    stale_claim_timeout: Length("30m"),
    judgment_enabled: Type.Boolean({ default: false }),
    review_depth: Type.String({ default: "", maxLength: 40 }),
    // How many are tested and merged together; 1: each alone. A batch waits so long to be filled.
    batch_size: Type.Integer({ default: 5, minimum: 1, maximum: 20 }),
    batch_wait: Length("30s"),
    // Each of a batch has to be green on its own place, so that none is mended by one after it.
    verify_members: Type.Boolean({ default: false }),
    // A branch becomes one commit.
    squash: Type.Boolean({ default: false }),
    gate_timeout: Length("30m"),
    // Kept of one command's output.
    gate_output_kb: Type.Integer({ default: 1024, minimum: 1, maximum: 100_000 }),
  },
  strict,
);
export type MergeQueueSettings = Static<typeof MergeQueueSettings>;

/** What git tells and asks on the way, in every worktree of the rig. */
export const HookSettings = Type.Object(
  {
    enabled: Type.Boolean({ default: HOOK_DEFAULTS.enabled }),
    pre_commit: Script,
    pre_push: Script,
    bead_trailer: Type.Boolean({ default: HOOK_DEFAULTS.bead_trailer }),
    user_path: Type.String({ default: HOOK_DEFAULTS.user_path, maxLength: 400 }),
  },
  strict,
);
export type HookSettings = Static<typeof HookSettings>;

export const RigSettings = Type.Object(
  {
    merge_queue: MergeQueueSettings,
    hooks: HookSettings,
    push: Word(["auto", "never"], "auto"),
  },
  strict,
);
export type RigSettings = Static<typeof RigSettings>;

/** What was set, and no more; a member that is missing has its default. */
export type SetSettings = Readonly<Record<string, unknown>>;

const checks = new Map<TSchema, ReturnType<typeof validator>>();

/** `merge_queue.test_command` and the like, each with its schema. */
export const SETTING_KEYS: ReadonlyMap<string, TSchema> = new Map<string, TSchema>([
  ...Object.entries(MergeQueueSettings.properties).map(([name, schema]) => [`merge_queue.${name}`, schema] as const),
  ...Object.entries(HookSettings.properties).map(([name, schema]) => [`hooks.${name}`, schema] as const),
  ["push", RigSettings.properties.push as TSchema] as const,
]);

/** Everything with its defaults. */
export function settingsOf(set: SetSettings): RigSettings {
  const value: Record<string, unknown> = { merge_queue: {}, hooks: {} };
  for (const [key, schema] of SETTING_KEYS) {
    const [part = "", name] = key.split(".");
    const found = set[key] ?? schema.default;
    if (name === undefined) value[part] = found;
    else (value[part] as Record<string, unknown>)[name] = found;
  }
  return value as RigSettings;
}

/** A value as a command line has it, or as JSON has it. @throws INPUT_INVALID naming what was expected */
export function settingValue(key: string, given: unknown): unknown {
  const schema = SETTING_KEYS.get(key);
  if (!schema) {
    throw new BarnacleError("INPUT_INVALID", `"${key.slice(0, 60)}" is no setting of a rig`, {
      hint: `Settings: ${[...SETTING_KEYS.keys()].join(", ")}`,
    });
  }
  const value = typeof given === "string" ? fromText(schema, given) : given;
  let check = checks.get(schema);
  if (!check) {
    check = validator(schema);
    checks.set(schema, check);
  }
  if (check.check(value)) return value;
  const expected = check.problems(value).map((problem) => problem.expected);
  throw new BarnacleError("INPUT_INVALID", `${key}: ${expected.join("; ")}`);
}

/** @throws INPUT_INVALID when there is no such setting */
export function settingDefault(key: string): unknown {
  return SETTING_KEYS.get(key)?.default ?? settingValue(key, undefined);
}

function fromText(schema: TSchema, text: string): unknown {
  if (schema.type === "boolean") return text === "true" ? true : text === "false" ? false : text;
  if (schema.anyOf !== undefined && text.startsWith("[")) return listFrom(text);
  if (schema.type === "integer") return /^-?\d{1,9}$/.test(text) ? Number(text) : text;
  return text;
}

function listFrom(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
