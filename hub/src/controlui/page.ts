import { createHash } from "node:crypto";

export interface PageFacts {
  /** "" or `/ui`. */
  readonly basePath: string;
  readonly assistantName: string;
  readonly assistantAvatar: string;
}

/** Brands of the application by what their pages read. Source: gateway protocol 3, "names". */
const BRANDS = ["OPENCLAW", "CLAWDBOT", "MOLTBOT"];
const INLINE = /<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/gi;

/** `index.html` with what the page must know of its gateway, before its own scripts. */
export function pageWith(html: string, { basePath, assistantName, assistantAvatar }: PageFacts): string {
  const text = (value: string) => JSON.stringify(value).replaceAll("<", "\\u003c");
  const lines = BRANDS.map(
    (brand) =>
      `window.__${brand}_CONTROL_UI_BASE_PATH__=${text(basePath)};` +
      `window.__${brand}_ASSISTANT_NAME__=${text(assistantName)};` +
      `window.__${brand}_ASSISTANT_AVATAR__=${text(assistantAvatar)};`,
  );
  const script = `<script>${lines.join("")}</script>`;
  // Pages have relative addresses; below a deep path they need to know where they begin.
  const base = html.includes("<base ") ? "" : `<base href="${basePath}/">`;
  return html.includes("<head>") ? html.replace("<head>", () => `<head>${base}${script}`) : `${base}${script}${html}`;
}

/** Only what comes from here runs: files of the application, and the inline scripts of this very page. */
export function policyFor(html: string): string {
  const inline = [...html.matchAll(INLINE)].map(
    ([, script = ""]) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`,
  );
  return [
    "default-src 'self'",
    `script-src 'self' 'wasm-unsafe-eval' ${inline.join(" ")}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob: https:",
    "media-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self' data: ws: wss:",
    "worker-src 'self' blob:",
    "frame-src 'self' blob: data:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}
