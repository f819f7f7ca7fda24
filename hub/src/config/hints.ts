import { BarnacleError } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";
import { takesEffect } from "./effect.ts";
import { isSecretName } from "./secrets.ts";

export interface UiHint {
  readonly label: string;
  readonly help?: string;
  readonly order: number;
  readonly sensitive?: boolean;
}

interface Node extends JsonObject {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
}

/** Labels and help of every key by its path; `*` stands for an item or a name. Made from the schema's descriptions. */
export function uiHints(schema: object): Record<string, UiHint> {
  const hints: Record<string, UiHint> = {};
  const visit = (node: Node, path: string) => {
    childrenOf(node).forEach(([key, child], order) => {
      const at = path === "" ? key : `${path}.${key}`;
      hints[at] = hintOf(key, child, order);
      visit(child, at);
    });
  };
  visit(schema as Node, "");
  return hints;
}

/** One key and its children. Source: gateway protocol 4, `config.schema.lookup`. @throws NOT_FOUND */
export function lookup(schema: object, path: string) {
  const keys = path === "" || path === "." ? [] : path.split(".");
  let node = schema as Node;
  for (const key of keys) {
    const next = childrenOf(node).find(([name]) => name === key || name === "*")?.[1];
    if (!next) throw new BarnacleError("NOT_FOUND", `config schema path not found: ${path.slice(0, 200)}`);
    node = next;
  }
  const last = keys.at(-1);
  return {
    path: keys.join("."),
    schema: node,
    reloadKind: takesEffect(keys.join(".")),
    ...(last === undefined ? {} : { hint: hintOf(last, node, 0), hintPath: keys.join(".") }),
    children: childrenOf(node).map(([key, child], order) => {
      const at = [...keys, key].join(".");
      return {
        ...{ key, path: at, ...(child.type === undefined ? {} : { type: child.type }) },
        required: node.required?.includes(key) ?? false,
        hasChildren: childrenOf(child).length > 0,
        ...{ reloadKind: takesEffect(at), hint: hintOf(key, child, order), hintPath: at },
      };
    }),
  };
}

function childrenOf(node: Node): [string, Node][] {
  if (node.properties) return Object.entries(node.properties);
  const named = node.patternProperties && Object.values(node.patternProperties)[0];
  if (named) return [["*", named]];
  return node.items ? [["*", node.items]] : [];
}

function hintOf(key: string, node: Node, order: number): UiHint {
  const words = key.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return {
    label: key === "*" ? "Entry" : words.charAt(0).toUpperCase() + words.slice(1),
    ...(node.description === undefined ? {} : { help: node.description }),
    order,
    ...(isSecretName(key) ? { sensitive: true } : {}),
  };
}
