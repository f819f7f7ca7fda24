import { readFile } from "node:fs/promises";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import path from "node:path";
import { controlUiFolder, type Program } from "./programs.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
};

/** Serves a program's built Control UI as its gateway does: files, and the page itself for every address of the page. */
export function controlUi(program: Program): RequestListener {
  const folder = controlUiFolder(program);
  return (request, response) => {
    serve(folder, request, response).catch(() => response.destroy());
  };
}

async function serve(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://front");
  if (pathname.startsWith("/avatar/")) return json(response, { avatarUrl: null });
  if (pathname === "/control-ui-config.json") return json(response, CONFIG);
  const file = path.join(folder, path.normalize(pathname));
  const body = path.extname(file) === "" ? undefined : await readFile(file).catch(() => undefined);
  if (body === undefined && pathname.startsWith("/api/")) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader(
    "content-type",
    body === undefined ? "text/html; charset=utf-8" : (TYPES[path.extname(file)] ?? "text/plain"),
  );
  response.end(body ?? (await readFile(path.join(folder, "index.html"))));
}

const CONFIG = { basePath: "", assistantName: "Barnacle", assistantAvatar: "B", assistantAgentId: "main" };

function json(response: ServerResponse, body: object): void {
  response.setHeader("content-type", "application/json").end(JSON.stringify(body));
}
