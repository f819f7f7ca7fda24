import { isDeepStrictEqual } from "node:util";
import { type Document, parseDocument, stringify } from "yaml";

type Json = Record<string, unknown>;
type Path = readonly (string | number)[];

/**
 * `text` with the content of `next`. What did not change keeps its place, form and comments; what `next` states as the
 * schema's default and `text` left out stays out. When the document's form does not allow that (aliases, merge keys, a
 * file that is not a mapping), the whole is written anew.
 *
 * @param effective `text` with the schema's defaults
 */
export function rewriteYaml(text: string, next: Json, effective: Json): string {
  const document = parseDocument(text);
  const source: unknown = document.toJS() ?? {};
  if (document.errors.length > 0 || !isMap(source)) return stringify(next);
  if (isDeepStrictEqual(source, next)) return text;
  try {
    if (document.contents === null) document.contents = document.createNode({}) as never;
    change(document, [], source, next, effective);
    const changed = document.toString({ lineWidth: 0 });
    if (holds(parseDocument(changed).toJS() ?? {}, next, effective)) return changed;
  } catch {
    // A form that the library cannot edit in place: written anew below.
  }
  return stringify(next);
}

/** What the text says, as far as it can be read; an empty one says `{}`. */
export function contentOf(text: string): unknown {
  return parseDocument(text).toJS() ?? {};
}

function change(document: Document, path: Path, source: Json, next: Json, effective: Json): void {
  for (const key of Object.keys(source)) if (!(key in next)) document.deleteIn([...path, key]);
  for (const [key, value] of Object.entries(next)) {
    const at = [...path, key];
    const was = source[key];
    const known = effective[key];
    if (isDeepStrictEqual(value, was) || (was === undefined && isDeepStrictEqual(value, known))) continue;
    if (isMap(value) && (isMap(was) || (was === undefined && isMap(known)))) {
      change(document, at, was === undefined ? {} : (was as Json), value, isMap(known) ? known : {});
    } else if (Array.isArray(value) && Array.isArray(was)) {
      changeList(document, at, was, value);
    } else {
      document.setIn(at, document.createNode(value));
    }
  }
}

function changeList(document: Document, path: Path, source: readonly unknown[], next: readonly unknown[]): void {
  for (let i = source.length - 1; i >= next.length; i--) document.deleteIn([...path, i]);
  next.forEach((value, i) => {
    const was = source[i];
    if (isDeepStrictEqual(value, was)) return;
    if (i < source.length && isMap(value) && isMap(was)) change(document, [...path, i], was, value, {});
    else document.setIn([...path, i], document.createNode(value));
  });
}

/** Whether `text` says what `next` says, but for what `next` repeats of the defaults. */
function holds(written: unknown, next: unknown, effective: unknown): boolean {
  if (isDeepStrictEqual(written, next)) return true;
  if (!isMap(written) || !isMap(next)) return false;
  const known = isMap(effective) ? effective : {};
  return [...new Set([...Object.keys(written), ...Object.keys(next)])].every((key) =>
    key in written
      ? key in next && holds(written[key], next[key], known[key])
      : isDeepStrictEqual(next[key], known[key]) || holds({}, next[key], known[key]),
  );
}

function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
