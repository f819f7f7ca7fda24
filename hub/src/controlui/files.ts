import { realpathSync, statSync } from "node:fs";
import path from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".gif": "image/gif",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".woff": "font/woff",
  ".wasm": "application/wasm",
  ".map": "application/json; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".mp3": "audio/mpeg",
  ".ogg": "audio/ogg",
};

export type Found =
  | { readonly kind: "file"; readonly file: string; readonly type: string; readonly size: number }
  /** A page of the application: its own router knows it. */
  | { readonly kind: "page" }
  | { readonly kind: "none" };

/**
 * What `pathname` (as it stood in the request, still encoded) names below `root`. Never anything outside of it, whether by `..`, by an
 * encoded separator or by a link.
 */
export function find(root: string, pathname: string): Found {
  const wanted = decoded(pathname);
  if (wanted === undefined) return { kind: "none" };
  const segments = wanted.split("/").filter((segment) => segment !== "");
  if (segments.some((segment) => segment === ".." || segment.startsWith("."))) return { kind: "none" };
  const file = path.join(root, ...segments);
  const last = segments.at(-1) ?? "";
  const fallback: Found = last.includes(".") ? { kind: "none" } : { kind: "page" };
  const stat = statOf(file);
  if (!stat?.isFile()) return fallback;
  if (!realpathSync(file).startsWith(`${realpathSync(root)}${path.sep}`)) return { kind: "none" };
  if (last === "index.html") return { kind: "page" };
  return {
    kind: "file",
    file,
    type: TYPES[path.extname(last).toLowerCase()] ?? "application/octet-stream",
    size: stat.size,
  };
}

function statOf(file: string) {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    // A name that is too long for a file, say: there is none.
    return undefined;
  }
}

function decoded(pathname: string): string | undefined {
  let text: string;
  try {
    text = decodeURIComponent(pathname);
  } catch {
    // A broken escape names nothing.
    return undefined;
  }
  return /[\0\\%]/.test(text) ? undefined : text;
}
