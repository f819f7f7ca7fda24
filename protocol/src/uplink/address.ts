import { createHash } from "node:crypto";
import { BarnacleError } from "../errors/index.ts";

/** What a setup code says: where the gateway is, and a key that pairs once. */
export interface SetupCode {
  readonly url?: string;
  readonly bootstrapToken: string;
  readonly expiresAtMs?: number;
}

/**
 * Reads what `openclaw qr` or a gateway's web page gives: base64url of JSON, with or without `oc-pair://` before it.
 * @throws INPUT_INVALID
 */
export function parseSetupCode(text: string): SetupCode {
  const code = text.trim().replace(/^[a-z-]+:\/\//i, "");
  try {
    const { url, urls, bootstrapToken, expiresAtMs } = JSON.parse(Buffer.from(code, "base64url").toString("utf8"));
    const address = url ?? urls?.[0];
    if (typeof bootstrapToken === "string" && bootstrapToken !== "") {
      return {
        bootstrapToken,
        ...(typeof address === "string" ? { url: address } : {}),
        ...(typeof expiresAtMs === "number" ? { expiresAtMs } : {}),
      };
    }
  } catch {
    // Said below, whatever was wrong with it.
  }
  throw new BarnacleError(
    "INPUT_INVALID",
    "the setup code is not one of a gateway: base64url of a JSON with bootstrapToken was expected",
    {
      hint: "Make a new one with `openclaw qr`, or use the gateway's token.",
    },
  );
}

/** `ws://host:port`, whatever of http, path and spelling was given. @throws INPUT_INVALID */
export function gatewayUrl(text: string): string {
  try {
    const url = new URL(text.replace(/^http/, "ws"));
    if (url.protocol === "ws:" || url.protocol === "wss:")
      return `${url.protocol}//${url.host}${url.pathname.replace(/\/$/, "")}`;
  } catch {
    // Said below.
  }
  throw new BarnacleError("INPUT_INVALID", `${text} is not a gateway's address; ws://HOST:18789 was expected`);
}

/** A short name for a gateway, for file names and keys: the same address gives the same. */
export function gatewayKey(url: string): string {
  return createHash("sha256").update(gatewayUrl(url)).digest("hex").slice(0, 12);
}
