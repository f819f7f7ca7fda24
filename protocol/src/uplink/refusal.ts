/** Why a gateway did not let us in, as far as it matters for what comes next. */
export type Refusal =
  /** A person must approve: this request, by this command. */
  | { readonly kind: "pairing"; readonly requestId?: string; readonly command: string }
  /** The secret is wrong, missing, or no longer good. */
  | { readonly kind: "secret"; readonly message: string }
  /** The two speak no common version. */
  | { readonly kind: "protocol"; readonly message: string }
  /** Anything else: it is tried again. */
  | { readonly kind: "other"; readonly message: string };

interface GatewayFailure {
  readonly message: string;
  readonly gatewayCode?: string;
  readonly details?: unknown;
}

const SECRET_CODES = /^(AUTH_|CONTROL_UI_|DEVICE_(AUTH|IDENTITY))/;

/** Reads the refusals of both eras: today's details, January's words. */
export function refusalOf(error: unknown): Refusal {
  const { message, gatewayCode, details } = error as GatewayFailure;
  const { code, requestId } = (typeof details === "object" && details !== null ? details : {}) as {
    code?: unknown;
    requestId?: unknown;
  };
  const id = typeof requestId === "string" ? requestId : undefined;
  if (code === "PAIRING_REQUIRED" || (gatewayCode === "NOT_PAIRED" && id !== undefined)) {
    return { kind: "pairing", ...(id === undefined ? {} : { requestId: id }), command: approveDevice(id) };
  }
  if (code === "PROTOCOL_MISMATCH" || /^protocol mismatch/i.test(message)) return { kind: "protocol", message };
  if ((typeof code === "string" && SECRET_CODES.test(code)) || /unauthorized|device identity required/i.test(message)) {
    return { kind: "secret", message };
  }
  return { kind: "other", message };
}

function approveDevice(requestId: string | undefined): string {
  return requestId === undefined ? "openclaw devices list" : `openclaw devices approve ${requestId}`;
}

/** The request of the second gate, which admits a node's commands; undefined when the text speaks of something else. */
export function surfaceRequest(error: unknown): { readonly requestId?: string; readonly command: string } | undefined {
  const { message } = error as GatewayFailure;
  const named = /`(\w+ (?:nodes|devices) approve ([\w-]+))`/.exec(message);
  if (named?.[1] !== undefined && named[2] !== undefined) return { requestId: named[2], command: named[1] };
  return /awaiting operator approval|after pairing completes/.test(message)
    ? { command: "openclaw nodes pending" }
    : undefined;
}
