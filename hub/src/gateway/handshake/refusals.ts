import { BarnacleError, type ErrorCode } from "@barnacle/protocol/errors";
import { type ConnectClient, type GatewayErrorBody, isWebClient, toGatewayError } from "@barnacle/protocol/gateway";
import type { PairingReason } from "../../services.ts";

/**
 * Every way in which a connect is turned away, in the words that clients of protocol 3 look for and with the details that
 * clients of protocol 4 act on. Source: gateway protocol 3, "connect failures"; protocol 4, "errors".
 */

export interface Refused {
  readonly ok: false;
  readonly error: GatewayErrorBody;
}

type NextStep =
  | "retry_with_device_token"
  | "update_auth_configuration"
  | "update_auth_credentials"
  | "wait_then_retry"
  | "review_auth_configuration";

export type DeviceFlaw = keyof typeof DEVICE_FLAWS;

const DEVICE_FLAWS = {
  key: ["device public key invalid", "DEVICE_AUTH_PUBLIC_KEY_INVALID", "device-public-key"],
  identity: ["device identity mismatch", "DEVICE_AUTH_DEVICE_ID_MISMATCH", "device-id-mismatch"],
  expired: ["device signature expired", "DEVICE_AUTH_SIGNATURE_EXPIRED", "device-signature-stale"],
  "no-nonce": ["device nonce required", "DEVICE_AUTH_NONCE_REQUIRED", "device-nonce-missing"],
  "other-nonce": ["device nonce mismatch", "DEVICE_AUTH_NONCE_MISMATCH", "device-nonce-mismatch"],
  signature: ["device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID", "device-signature"],
} as const;

export function badProof(flaw: DeviceFlaw): Refused {
  const [message, code, reason] = DEVICE_FLAWS[flaw];
  return refuse("PROOF_INVALID", message, { code, reason });
}

export function noDevice(): Refused {
  return refuse("NOT_PAIRED", "device identity required", {
    code: "DEVICE_IDENTITY_REQUIRED",
    recommendedNextStep: "review_auth_configuration" satisfies NextStep,
  });
}

export function noSecureContext(): Refused {
  return refuse("NOT_PAIRED", "control ui requires HTTPS or localhost (secure context)", {
    code: "CONTROL_UI_DEVICE_IDENTITY_REQUIRED",
    recommendedNextStep: "review_auth_configuration" satisfies NextStep,
  });
}

export type AuthReason = "token_missing" | "token_mismatch" | "password_missing" | "password_mismatch";

/** @param canUseDeviceToken the device has a token here, which the client did not try */
export function wrongSecret(reason: AuthReason, client: ConnectClient, canUseDeviceToken: boolean): Refused {
  const [kind, what] = reason.split("_") as ["token" | "password", "missing" | "mismatch"];
  const next: NextStep = canUseDeviceToken
    ? "retry_with_device_token"
    : what === "missing"
      ? "update_auth_configuration"
      : "update_auth_credentials";
  return refuse("UNAUTHORIZED", `unauthorized: gateway ${kind} ${what} (${hint(kind, client)})`, {
    code: `AUTH_${reason.toUpperCase()}`,
    authReason: reason,
    canRetryWithDeviceToken: canUseDeviceToken,
    recommendedNextStep: next,
  });
}

export function wrongDeviceToken(): Refused {
  return auth(
    "device token mismatch (rotate/reissue device token)",
    "device_token_mismatch",
    "update_auth_credentials",
  );
}

/** The device may do more than this token of it, which an operator narrowed. */
export function narrowToken(): Refused {
  return auth("device token scope mismatch", "scope_mismatch", "update_auth_credentials");
}

export function wrongBootstrapToken(): Refused {
  return auth("bootstrap token invalid or expired", "bootstrap_token_invalid", "update_auth_credentials");
}

/** Such an identity is made by a gateway for its own agents; ignoring it would give the agent its operator's rights. */
export function foreignAgentIdentity(): Refused {
  const text = "unauthorized: the agent runtime identity is not one of this gateway";
  return refuse("UNAUTHORIZED", text, {
    code: "AUTH_UNAUTHORIZED",
    authReason: "agent_runtime_identity_invalid",
    canRetryWithDeviceToken: false,
    recommendedNextStep: "review_auth_configuration" satisfies NextStep,
  });
}

export function locked(retryAfterMs: number): Refused {
  const text = "unauthorized: too many failed authentication attempts (retry later)";
  return refuse("RATE_LIMITED", text, {
    ...{ code: "AUTH_RATE_LIMITED", authReason: "rate_limited", canRetryWithDeviceToken: false },
    ...{ recommendedNextStep: "wait_then_retry" satisfies NextStep, retryAfterMs },
  });
}

/** What a client shows, and what its user can do. */
const PAIRING: Record<PairingReason, readonly [requirement: string, remedy: string]> = {
  "not-paired": ["device is not approved yet", "Approve this device on the hub: barnacle devices pending."],
  "role-upgrade": [
    "device is asking for a higher role than currently approved",
    "Look at the role it asks for, then approve the request: barnacle devices pending.",
  ],
  "scope-upgrade": [
    "device is asking for more scopes than currently approved",
    "Look at the scopes it asks for, then approve the request: barnacle devices pending.",
  ],
  "metadata-upgrade": [
    "device identity changed and must be re-approved",
    "The device says that it is another kind of machine now; approve the request if that is so: barnacle devices pending.",
  ],
};

export interface PairingAsked {
  readonly reason: PairingReason;
  readonly requestId: string;
  readonly deviceId: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly approvedRoles: readonly string[];
  readonly approvedScopes: readonly string[];
}

/** A person has to approve; the client keeps trying meanwhile. */
export function pairingRequired(asked: PairingAsked): Refused {
  const { reason, requestId, deviceId } = asked;
  const [requirement, remedy] = PAIRING[reason];
  return refuse("NOT_PAIRED", `pairing required: ${requirement}`, {
    ...{ code: "PAIRING_REQUIRED", reason, requestId, deviceId, requestedRole: asked.role },
    ...list("requestedScopes", asked.scopes),
    ...list("approvedRoles", asked.approvedRoles),
    ...list("approvedScopes", asked.approvedScopes),
    remediationHint: remedy,
    ...{ recommendedNextStep: "wait_then_retry" satisfies NextStep, retryable: true, pauseReconnect: false },
  });
}

/** A person has said no, or blocked the device: trying again is of no use. */
export function turnedAway(error: BarnacleError, deviceId: string): Refused {
  return {
    ok: false,
    error: toGatewayError(error, {
      details: {
        ...{ code: "PAIRING_REQUIRED", reason: "not-paired" satisfies PairingReason, deviceId },
        ...{ remediationHint: error.hint, pauseReconnect: !error.retryable },
        recommendedNextStep: "review_auth_configuration" satisfies NextStep,
      },
    }),
  };
}

function auth(text: string, authReason: string, recommendedNextStep: NextStep): Refused {
  return refuse("UNAUTHORIZED", `unauthorized: ${text}`, {
    ...{ code: `AUTH_${authReason.toUpperCase()}`, authReason, canRetryWithDeviceToken: false, recommendedNextStep },
  });
}

function hint(kind: "token" | "password", { id, mode }: ConnectClient): string {
  if (id === "cli" || mode === "cli") return `set gateway.remote.${kind} to match gateway.auth.${kind}`;
  if (!isWebClient(id, mode)) return `provide gateway auth ${kind}`;
  return kind === "token"
    ? "open a tokenized dashboard URL or paste token in Control UI settings"
    : "enter the password in Control UI settings";
}

function list(name: string, values: readonly string[]): Record<string, readonly string[]> {
  return values.length === 0 ? {} : { [name]: values };
}

function refuse(code: ErrorCode, message: string, details: Record<string, unknown>): Refused {
  return { ok: false, error: toGatewayError(new BarnacleError(code, message, { details })) };
}
