import { parse } from "yaml";

export interface SkillHead {
  readonly name?: string;
  readonly description?: string;
  readonly homepage?: string;
  readonly emoji?: string;
  readonly bins: readonly string[];
}

/** The part between two lines `---` at the top of a `SKILL.md`. @throws what the YAML parser finds wrong */
export function frontMatter(text: string): SkillHead {
  const [, head] = /^---\r?\n(.*?)\r?\n---(?:\r?\n|$)/s.exec(text) ?? [];
  const found: unknown = head === undefined ? {} : parse(head);
  if (!isObject(found)) return { bins: [] };
  const more = brandOf(found.metadata);
  const requires = isObject(more.requires) ? more.requires : {};
  return {
    ...textOf("name", found.name),
    ...textOf("description", found.description),
    ...textOf("homepage", found.homepage),
    ...textOf("emoji", more.emoji),
    bins: Array.isArray(requires.bins) ? requires.bins.filter((bin): bin is string => typeof bin === "string") : [],
  };
}

/** `metadata` holds a member of the product's name of its time, as YAML or as JSON text. */
function brandOf(metadata: unknown): Record<string, unknown> {
  const found: unknown = typeof metadata === "string" ? parse(metadata) : metadata;
  if (!isObject(found)) return {};
  const own = ["barnacle", "openclaw", "moltbot", "clawdbot", "clawdis"].map((brand) => found[brand]).find(isObject);
  return own ?? {};
}

function textOf(name: string, value: unknown): Record<string, string> {
  return typeof value === "string" && value.trim() !== "" ? { [name]: value.trim() } : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
