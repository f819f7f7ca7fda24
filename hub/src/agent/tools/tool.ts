import { BarnacleError } from "@barnacle/protocol/errors";
import { type JsonObject, type Validator, validator } from "@barnacle/protocol/schema";
import type { Static, TObject } from "@sinclair/typebox";
import type { Principal } from "../../services.ts";

/** Who uses a tool, and for what. */
export interface ToolUse {
  /** Commands are asked of the policy in this name. */
  readonly principal: Principal;
  readonly room?: string | undefined;
  readonly sessionKey: string;
  /** The same use again has the same key, and is not done twice. */
  readonly key: string;
}

/** Something that a model or an operator can have done. */
export interface Tool {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly parameters: JsonObject;
  readonly risk: "low" | "medium" | "high";
  /** Where it comes from: the hub itself, or a node or plugin by id. */
  readonly source: { readonly kind: "core" } | { readonly kind: "plugin"; readonly id: string };
  /** @throws INPUT_INVALID, and what the tool meets */
  run(args: JsonObject, use: ToolUse): Promise<JsonObject>;
}

export interface ToolSource {
  tools(): readonly Tool[];
}

interface ToolSpec<T extends TObject> {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly parameters: T;
  readonly risk?: Tool["risk"];
  run(args: Static<T>, use: ToolUse): Promise<JsonObject>;
}

/** A tool of the hub itself; its arguments are checked before it runs. */
export function tool<T extends TObject>(spec: ToolSpec<T>): Tool {
  const check: Validator<T> = validator(spec.parameters);
  return {
    ...spec,
    parameters: spec.parameters as unknown as JsonObject,
    risk: spec.risk ?? "low",
    source: { kind: "core" },
    run: async (args, use) => spec.run(check.parse(args, `arguments of ${spec.name}`), use),
  };
}

/** Every tool there is, in the order of its sources; of two with one name the first counts. */
export class Toolbox {
  readonly #sources: readonly ToolSource[];

  constructor(sources: readonly ToolSource[]) {
    this.#sources = sources;
  }

  list(): readonly Tool[] {
    const byName = new Map<string, Tool>();
    for (const source of this.#sources) {
      for (const one of source.tools()) if (!byName.has(one.name)) byName.set(one.name, one);
    }
    return [...byName.values()];
  }

  /** @throws NOT_FOUND */
  get(name: string): Tool {
    const found = this.list().find((one) => one.name === name);
    if (found) return found;
    throw new BarnacleError("NOT_FOUND", `no tool is called "${name.slice(0, 80)}"`);
  }
}
