import type { GatewayErrorBody, HelloOk } from "@barnacle/protocol/gateway";
import { CRON_PARAMS, CRON_RESULTS } from "./v3-cron.ts";
import type { WireVersion } from "./version.ts";

type Change = (value: unknown, params: unknown) => unknown;

/** Parameters of January 2026 that today's methods want otherwise, by method. */
const PARAMS: Readonly<Record<string, Change>> = {
  ...(CRON_PARAMS as Record<string, Change>),
};

/** Results that clients of January 2026 read otherwise, by method. Members that are only new stay: every reader ignores them. */
const RESULTS: Readonly<Record<string, Change>> = {
  "device.token.rotate": (result) => {
    const { tokenDelivery: _, ...rest } = result as { tokenDelivery?: string };
    return rest;
  },
  "exec.approvals.get": withoutResolved,
  "exec.approvals.set": withoutResolved,
  ...(CRON_RESULTS as Record<string, Change>),
};

function withoutResolved(result: unknown): unknown {
  const { resolvedDefaults: _, ...rest } = result as { resolvedDefaults?: unknown };
  return rest;
}

/** Codes that did not exist then; clients look at the text. */
const NEWER_CODES = new Set(["FORBIDDEN", "APPROVAL_NOT_FOUND"]);

/** Clawdbot, Moltbot and OpenClaw of January 2026. Source: gateway protocol 4, "serving v3 and v4 from one implementation". */
export const v3: WireVersion = {
  protocol: 3,
  params: (method, params) => (isObject(params ?? {}) ? PARAMS[method]?.(params ?? {}, params) : undefined) ?? params,
  result: (method, result, params) => (RESULTS[method] ? RESULTS[method](result, params) : result),
  error,
  hello({ server: { bootId: _, ...server }, pluginSurfaceUrls: _urls, auth, features, ...hello }): HelloOk {
    const { deviceTokens: _tokens, ...own } = auth ?? { role: "", scopes: [] };
    const { methods, events } = features;
    return { ...hello, server, features: { methods, events }, ...(own.deviceToken === undefined ? {} : { auth: own }) };
  },
  closeReason: ({ message }) => message,
};

/** Clients look at the text, and know this one without its reason. */
const PAIRING_REQUIRED = /^pairing required: .*/s;

function error(body: GatewayErrorBody): GatewayErrorBody {
  const { code: detail } = (body.details ?? {}) as { code?: unknown };
  // The handler of those days threw it.
  if (detail === "CRON_JOB_NOT_FOUND") return { ...body, code: "UNAVAILABLE", message: `Error: ${body.message}` };
  const { nodeError, reason, barnacle } = (body.details ?? {}) as {
    readonly nodeError?: { readonly message?: unknown };
    readonly reason?: unknown;
    readonly barnacle?: object;
  };
  // A node's own words came without their code.
  if (typeof nodeError?.message === "string" && body.message.endsWith(`: ${nodeError.message}`)) {
    const message = body.message.startsWith("Error: ") ? body.message : nodeError.message;
    return {
      ...body,
      message,
      details: { ...(body.details as object), barnacle: { message: body.message, ...barnacle } },
    };
  }
  if (reason === "APPROVAL_NOT_FOUND" || reason === "APPROVAL_ALREADY_RESOLVED") {
    return { ...body, code: "INVALID_REQUEST", message: "unknown approval id" };
  }
  const older = NEWER_CODES.has(body.code) || detail === "CONTROL_UI_DEVICE_IDENTITY_REQUIRED";
  return {
    ...body,
    code: older ? "INVALID_REQUEST" : body.code,
    message: body.message.replace(PAIRING_REQUIRED, "pairing required"),
  };
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
