import { Value } from "@sinclair/typebox/value";
import { BarnacleError } from "../errors/index.ts";
import type { JsonObject } from "../schema/common.ts";
import { validator } from "../schema/validator.ts";
import { keysOf, LOCAL_KEYS, matchesKey } from "./merge.ts";
import { NodeFileConfig } from "./schema.ts";

const check = validator(NodeFileConfig);

/** What is wanted of nodes must fit their schema as far as it goes. @throws CONFIG_INVALID with `details.problems`, each with its key */
export function checkWanted(wanted: JsonObject): void {
  const foreign = keysOf(wanted).filter((key) => LOCAL_KEYS.some((rule) => matchesKey(rule, key)));
  if (foreign.length > 0) {
    throw wantedInvalid(foreign.map((key) => ({ key, expected: "only the node's own file may say this" })));
  }
  completed(wanted);
}

/** With the schema's defaults. @throws CONFIG_INVALID */
export function completed(config: JsonObject): NodeFileConfig {
  const value = Value.Default(NodeFileConfig, Value.Clone(config));
  if (check.check(value)) return value;
  throw wantedInvalid(
    check.problems(value).map(({ path, expected }) => ({ key: path.split("/").slice(1).join("."), expected })),
  );
}

function wantedInvalid(problems: readonly { readonly key: string; readonly expected: string }[]): BarnacleError {
  const text = problems.map(({ key, expected }) => `${key || "the whole"}: ${expected}`).join("; ");
  return new BarnacleError("CONFIG_INVALID", `wanted of the node: ${text}`, { details: { problems } });
}
