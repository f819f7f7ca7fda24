import type { GatewayErrorBody } from "@barnacle/protocol/gateway";
import type { WireVersion } from "./version.ts";

type Change = (value: unknown, params: unknown) => unknown;

/** Parameters of January 2026 that today's methods want otherwise, by method. */
const PARAMS: Readonly<Record<string, Change>> = {};

/** Results that clients of January 2026 read otherwise, by method. Members that are only new stay: every reader ignores them. */
const RESULTS: Readonly<Record<string, Change>> = {};

/** Codes that did not exist then; clients look at the text. */
const NEWER_CODES = new Set(["FORBIDDEN", "APPROVAL_NOT_FOUND"]);

/** Clawdbot, Moltbot and OpenClaw of January 2026. Source: gateway protocol 4, "serving v3 and v4 from one implementation". */
export const v3: WireVersion = {
  protocol: 3,
  params: (method, params) => PARAMS[method]?.(params, params) ?? params,
  result: (method, result, params) => (RESULTS[method] ? RESULTS[method](result, params) : result),
  error: (body): GatewayErrorBody => (NEWER_CODES.has(body.code) ? { ...body, code: "INVALID_REQUEST" } : body),
};
