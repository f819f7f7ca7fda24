import { BarnacleError } from "@barnacle/protocol/errors";

/** A branch's name as git takes it, and with nothing in it that could mean something else on a command line. @throws INPUT_INVALID */
export function checkBranch(member: string, name: string): string {
  const bad =
    !/^[\p{L}\p{N}_][\p{L}\p{N}_./@+#-]{0,199}$/u.test(name) ||
    /\.\.|\/\/|@\{|\.lock(\/|$)|\/\.|[./]$/.test(name) ||
    name === "HEAD" ||
    name.startsWith("refs/");
  if (!bad) return name;
  throw new BarnacleError("INPUT_INVALID", `${member}: "${name.slice(0, 80)}" is no name of a branch`);
}

/** `integration/{title}`: also `{name}`, `{issue}`, `{user}`, `{year}`, `{month}`. */
export function branchFrom(template: string, values: Readonly<Record<string, string>>): string {
  const text = template.replace(/\{(\w+)\}/g, (_, name: string) => slug(values[name] ?? ""));
  return checkBranch("integration_branch_template", text);
}

function slug(text: string): string {
  const words = text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return words.slice(0, 60).replace(/-+$/, "") || "work";
}
