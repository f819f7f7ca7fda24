import { BarnacleError, type ErrorCode, hasCode } from "@barnacle/protocol/errors";
import {
  type ConnectDevice,
  type ConnectParams,
  type GatewayErrorBody,
  isControlUi,
  isWebClient,
  SCOPES,
  toGatewayError,
  type WireText,
} from "@barnacle/protocol/gateway";
import { deviceAuthPayload, ownsId, verifyText } from "@barnacle/protocol/identity";
import type { Clock } from "@barnacle/protocol/runtime";
import type { DeviceRecord, Devices } from "../services.ts";
import { sameSecret } from "./local.ts";

/** How far a client's clock may be off, either way. */
const SKEW_MS = 10 * 60_000;

export interface Admission {
  readonly role: "operator" | "node";
  /** What this connection may do. */
  readonly scopes: readonly string[];
  readonly device?: DeviceRecord;
  /** For `hello-ok`. */
  readonly auth?: { deviceToken: string; role: string; scopes: string[]; issuedAtMs?: number };
}

export type AuthOutcome =
  | { readonly ok: true; readonly admission: Admission }
  | { readonly ok: false; readonly error: GatewayErrorBody };

export interface AuthRequest {
  readonly params: ConnectParams;
  readonly role: "operator" | "node";
  /** Of this connection's challenge. */
  readonly nonce: string;
  readonly local: boolean;
  readonly remoteIp: string;
}

/** Decides who may connect, in the order of checks of the Moltbot gateway protocol 3 ("order of checks on connect"). */
export class GatewayAuth {
  readonly #devices: Devices;
  readonly #token: string;
  readonly #clock: Clock;

  constructor(options: { devices: Devices; token: string; clock: Clock }) {
    this.#devices = options.devices;
    this.#token = options.token;
    this.#clock = options.clock;
  }

  async decide(request: AuthRequest): Promise<AuthOutcome> {
    const { params } = request;
    if (!params.device) return this.#withoutDevice(request);
    const flaw = this.#deviceFlaw(params.device, request);
    if (flaw) return flaw;
    const token = params.auth?.token;
    const shared = token !== undefined && token !== "" && sameSecret(token, this.#token);
    const { id: deviceId } = params.device;
    const requested = params.scopes ?? [];
    if (!shared) {
      if (!token) return unauthorized("missing", params);
      if (!this.#devices.verifyToken(deviceId, request.role, requested, token)) return unauthorized("mismatch", params);
    }
    return this.#paired(request, params.device, shared, token);
  }

  /** Without an identity only the shared token counts; a remote holder of it may look, not act: nobody approved the machine. */
  #withoutDevice({ params, role, local }: AuthRequest): AuthOutcome {
    if (isControlUi(params.client.id)) {
      return refuse("NOT_PAIRED", "control ui requires HTTPS or localhost (secure context)", {
        code: "INVALID_REQUEST",
      });
    }
    const token = params.auth?.token;
    if (!token) return refuse("NOT_PAIRED", "device identity required");
    if (!sameSecret(token, this.#token)) return unauthorized("mismatch", params);
    if (role === "node") return refuse("NOT_PAIRED", "device identity required");
    const requested = params.scopes ?? [];
    if (!local) return admitted({ role, scopes: [SCOPES.read] });
    return admitted({ role, scopes: requested.length > 0 ? requested : [SCOPES.admin] });
  }

  #deviceFlaw(device: ConnectDevice, { params, role, nonce, local }: AuthRequest): AuthOutcome | undefined {
    if (!ownsId(device.id, device.publicKey)) return refuse("PROOF_INVALID", "device identity mismatch");
    if (Math.abs(this.#clock.now() - device.signedAt) > SKEW_MS) {
      return refuse("PROOF_INVALID", "device signature expired");
    }
    if (device.nonce === undefined && !local) return refuse("PROOF_INVALID", "device nonce required");
    if (device.nonce !== undefined && device.nonce !== nonce) return refuse("PROOF_INVALID", "device nonce mismatch");
    const payload = deviceAuthPayload({
      deviceId: device.id,
      clientId: params.client.id,
      clientMode: params.client.mode,
      role,
      scopes: params.scopes ?? [],
      signedAtMs: device.signedAt,
      token: params.auth?.token,
      nonce: device.nonce,
    });
    if (verifyText(device.publicKey, payload, device.signature)) return undefined;
    return refuse("PROOF_INVALID", "device signature invalid");
  }

  async #paired(
    { params, role, local, remoteIp }: AuthRequest,
    device: ConnectDevice,
    shared: boolean,
    token: string | undefined,
  ): Promise<AuthOutcome> {
    const scopes = this.#scopes(device.id, role, params.scopes ?? [], local && shared, shared);
    const { client } = params;
    try {
      const pairing = await this.#devices.pairGateway({
        deviceId: device.id,
        publicKey: device.publicKey,
        role,
        scopes,
        displayName: client.displayName,
        platform: client.platform,
        clientId: client.id,
        clientMode: client.mode,
        remoteIp,
        caps: params.caps,
        commands: params.commands,
        silent: local,
      });
      if (pairing.status === "pending") {
        return refuse("NOT_PAIRED", "pairing required", { details: { requestId: pairing.request.requestId } });
      }
      const fresh = await this.#devices.ensureToken(device.id, role, scopes);
      const kept = shared ? undefined : token;
      return admitted({
        role,
        scopes,
        device: pairing.device,
        ...(fresh
          ? { auth: authOf(fresh.token, fresh.entry) }
          : kept
            ? { auth: authOf(kept, tokenEntry(pairing.device, role) ?? { role, scopes, createdAtMs: 0 }) }
            : {}),
      });
    } catch (error) {
      if (hasCode(error)) return { ok: false, error: toGatewayError(error) };
      throw error;
    }
  }

  /**
   * An empty list means admin to a client of this machine that holds the shared token; to any other it means what its
   * pairing or its token says, and to one that is not paired yet a request for admin, so that who approves it sees that.
   */
  #scopes(
    deviceId: string,
    role: "operator" | "node",
    requested: readonly string[],
    localShared: boolean,
    shared: boolean,
  ): readonly string[] {
    if (role === "node") return [];
    if (requested.length > 0) return requested;
    if (localShared) return [SCOPES.admin];
    const known = this.#devices.get(deviceId);
    if (!known?.roles.includes(role)) return [SCOPES.admin];
    const granted = shared ? known.scopes : (tokenEntry(known, role)?.scopes ?? known.scopes);
    return granted.length > 0 ? granted : [SCOPES.admin];
  }
}

function tokenEntry(device: DeviceRecord, role: string) {
  return device.tokens.find((entry) => entry.role === role && entry.revokedAtMs === undefined);
}

function authOf(
  deviceToken: string,
  entry: { role: string; scopes: readonly string[]; createdAtMs: number; rotatedAtMs?: number },
): NonNullable<Admission["auth"]> {
  return {
    deviceToken,
    role: entry.role,
    scopes: [...entry.scopes],
    issuedAtMs: entry.rotatedAtMs ?? entry.createdAtMs,
  };
}

function admitted(admission: Admission): AuthOutcome {
  return { ok: true, admission };
}

function refuse(code: ErrorCode, message: string, wire: WireText = {}): AuthOutcome {
  return { ok: false, error: toGatewayError(new BarnacleError(code, message), wire) };
}

function unauthorized(what: "missing" | "mismatch", params: ConnectParams): AuthOutcome {
  const { id, mode } = params.client;
  const hint =
    id === "cli" || mode === "cli"
      ? "set gateway.remote.token to match gateway.auth.token"
      : isWebClient(id, mode)
        ? "open a tokenized dashboard URL or paste token in Control UI settings"
        : "provide gateway auth token";
  return refuse("UNAUTHORIZED", `unauthorized: gateway token ${what} (${hint})`);
}
