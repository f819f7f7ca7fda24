/**
 * JSON with members in one order and no spaces, so that equal values have equal bytes (the rules of RFC 8785, whose
 * number and string forms are those of `JSON.stringify`). Members that are undefined are left out.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  let text = "{";
  for (const name of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[name];
    if (member === undefined || typeof member === "function") continue;
    text += `${text.length === 1 ? "" : ","}${JSON.stringify(name)}:${canonicalJson(member)}`;
  }
  return `${text}}`;
}
