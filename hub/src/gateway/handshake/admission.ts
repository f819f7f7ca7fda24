import { hasCode } from "@barnacle/protocol/errors";
import {
  type ConnectDevice,
  type ConnectParams,
  coversScopes,
  type HelloAuth,
  isControlUi,
  type ProtocolVersion,
  SCOPES,
} from "@barnacle/protocol/gateway";
import type { Clock } from "@barnacle/protocol/runtime";
import type { DeviceRecord, Devices } from "../../services.ts";
import { AuthFailures } from "./failures.ts";
import { type Challenge, deviceFlaw } from "./proof.ts";
import * as refused from "./refusals.ts";
import { type AuthReason, pairingRequired, type Refused, turnedAway } from "./refusals.ts";
import type { SharedSecrets } from "./secrets.ts";

export interface Admission {
  readonly role: "operator" | "node";
  /** What this connection may do. */
  readonly scopes: readonly string[];
  readonly device?: DeviceRecord;
  /** For `hello-ok`. */
  readonly auth: HelloAuth;
}

export type AuthOutcome = { readonly ok: true; readonly admission: Admission } | Refused;

export interface AuthRequest {
  readonly params: ConnectParams;
  readonly protocol: ProtocolVersion;
  readonly role: "operator" | "node";
  /** Of this connection. */
  readonly challenge: Challenge;
  readonly local: boolean;
  readonly remoteIp: string;
}

/** By what a device showed that it may ask: what all operators share, or a token of its own. */
type Credential = { readonly kind: "shared" } | { readonly kind: "device"; readonly token: string };

/** Decides who may connect. Source: gateway protocol 3, "order of checks on connect"; protocol 4, "handshake", "scopes". */
export class GatewayAuth {
  readonly #devices: Devices;
  readonly #secrets: SharedSecrets;
  readonly #clock: Clock;
  readonly #failures: AuthFailures;

  constructor(options: { devices: Devices; secrets: SharedSecrets; clock: Clock }) {
    this.#devices = options.devices;
    this.#secrets = options.secrets;
    this.#clock = options.clock;
    this.#failures = new AuthFailures(options.clock);
  }

  async decide(request: AuthRequest): Promise<AuthOutcome> {
    const { device, auth } = request.params;
    if (auth?.agentRuntimeIdentityToken) return refused.foreignAgentIdentity();
    if (!device) return this.#withoutDevice(request);
    const flaw = deviceFlaw({ ...request, device, now: this.#clock.now() });
    if (flaw) return refused.badProof(flaw);
    const credential = this.#credential(request, device);
    return "ok" in credential ? credential : this.#paired(request, device, credential);
  }

  /** Without an identity only the shared secret counts, and nobody approved the machine that holds it. */
  #withoutDevice(request: AuthRequest): AuthOutcome {
    const { params, role } = request;
    if (isControlUi(params.client.id)) return refused.noSecureContext();
    const { token, password } = params.auth ?? {};
    if (role === "node" || !(token || password)) return refused.noDevice();
    const failed = this.#shared(request);
    return failed ?? admitted({ role, scopes: scopesWithoutDevice(request) });
  }

  #credential(request: AuthRequest, device: ConnectDevice): Credential | Refused {
    const { token, deviceToken, bootstrapToken, password } = request.params.auth ?? {};
    // Asked first, and of a locked address too: nobody guesses it who has not the device's key.
    for (const own of [deviceToken, token]) {
      if (own && this.#devices.verifyToken(device.id, request.role, own)) return { kind: "device", token: own };
    }
    if (bootstrapToken && !token && !password) return this.#wrong(request, refused.wrongBootstrapToken());
    if (deviceToken && (!token || token === deviceToken) && !password) {
      return this.#wrong(request, refused.wrongDeviceToken());
    }
    return this.#shared(request, device) ?? { kind: "shared" };
  }

  /** Undefined when the shared secret is right. */
  #shared(request: AuthRequest, device?: ConnectDevice): Refused | undefined {
    const { remoteIp, params } = request;
    const { auth = {}, client } = params;
    const wait = this.#failures.lockedMs(remoteIp);
    if (wait > 0) return refused.locked(wait);
    if (this.#secrets.match(auth)) {
      this.#failures.clear(remoteIp);
      return undefined;
    }
    const { kind } = this.#secrets;
    const given = Boolean(auth.token || auth.password);
    const reason: AuthReason = `${kind}_${given ? "mismatch" : "missing"}`;
    const canUseDeviceToken = device !== undefined && !auth.deviceToken && this.#hasToken(device.id, request.role);
    const answer = refused.wrongSecret(reason, client, canUseDeviceToken);
    return given ? this.#wrong(request, answer) : answer;
  }

  /** Counted against the address; the one that is too many is told so at the next try. */
  #wrong({ remoteIp }: AuthRequest, answer: Refused): Refused {
    const wait = this.#failures.lockedMs(remoteIp);
    if (wait > 0) return refused.locked(wait);
    this.#failures.record(remoteIp);
    return answer;
  }

  async #paired(request: AuthRequest, device: ConnectDevice, credential: Credential): Promise<AuthOutcome> {
    const { params, role, local, remoteIp } = request;
    const shared = credential.kind === "shared";
    const scopes = this.#scopes(request, device.id, shared);
    const { client } = params;
    const known = this.#devices.get(device.id);
    try {
      const pairing = await this.#devices.pairGateway({
        deviceId: device.id,
        publicKey: device.publicKey,
        role,
        scopes,
        displayName: client.displayName,
        platform: client.platform,
        deviceFamily: client.deviceFamily,
        clientId: client.id,
        clientMode: client.mode,
        remoteIp,
        caps: params.caps,
        commands: params.commands,
        silent: local && shared,
      });
      if (pairing.status === "pending") {
        const { requestId, reason } = pairing.request;
        const { roles: approvedRoles = [], scopes: approvedScopes = [] } = known ?? {};
        const asked = { reason, requestId, deviceId: device.id, role, scopes, approvedRoles, approvedScopes };
        return pairingRequired(asked);
      }
      if (!shared && !coversScopes(tokenEntry(pairing.device, role)?.scopes ?? [], scopes))
        return refused.narrowToken();
      const auth = await this.#authOf(pairing.device, role, scopes, credential);
      return { ok: true, admission: { role, scopes, device: pairing.device, auth } };
    } catch (error) {
      if (hasCode(error, "PAIRING_REJECTED", "DEVICE_BLOCKED", "PAIRING_LOCKED")) return turnedAway(error, device.id);
      throw error;
    }
  }

  async #authOf(
    device: DeviceRecord,
    role: string,
    scopes: readonly string[],
    credential: Credential,
  ): Promise<HelloAuth> {
    const fresh = await this.#devices.ensureToken(device.deviceId, role, scopes);
    const entry = fresh?.entry ?? tokenEntry(device, role);
    // Only its hash is kept: a token that the client has not shown just now cannot be shown to it again.
    const deviceToken = fresh?.token ?? (credential.kind === "device" ? credential.token : undefined);
    if (!entry || deviceToken === undefined) return { role, scopes: [...scopes] };
    const issuedAtMs = entry.rotatedAtMs ?? entry.createdAtMs;
    return { role: entry.role, scopes: [...entry.scopes], deviceToken, issuedAtMs };
  }

  /**
   * An empty list means what the device's pairing or token says. Of a client of protocol 3 that is not paired yet it means
   * admin: granted at once on this machine with the shared secret, else asked of who approves it.
   */
  #scopes({ role, params, local, protocol }: AuthRequest, deviceId: string, shared: boolean): readonly string[] {
    if (role === "node") return [];
    const requested = params.scopes ?? [];
    if (requested.length > 0) return requested;
    if (protocol === 3 && local && shared) return [SCOPES.admin];
    const known = this.#devices.get(deviceId);
    if (!known?.roles.includes(role)) return protocol === 3 ? [SCOPES.admin] : [];
    return shared ? known.scopes : (tokenEntry(known, role)?.scopes ?? known.scopes);
  }

  #hasToken(deviceId: string, role: string): boolean {
    const known = this.#devices.get(deviceId);
    return known !== undefined && !known.blocked && tokenEntry(known, role) !== undefined;
  }
}

/** Source: gateway protocol 4, "scopes". A client of protocol 3 keeps what it had: all on this machine, reading elsewhere. */
function scopesWithoutDevice({ params, local, protocol }: AuthRequest): readonly string[] {
  const requested = params.scopes ?? [];
  const { id, mode } = params.client;
  if (protocol === 3) {
    if (!local) return [SCOPES.read];
    return requested.length > 0 ? requested : [SCOPES.admin];
  }
  const trusted = local && ((id === "gateway-client" && mode === "backend") || (id === "cli" && mode === "cli"));
  return trusted ? requested : [];
}

function tokenEntry(device: DeviceRecord, role: string) {
  return device.tokens.find((entry) => entry.role === role && entry.revokedAtMs === undefined);
}

function admitted({ role, scopes }: { role: "operator" | "node"; scopes: readonly string[] }): AuthOutcome {
  return { ok: true, admission: { role, scopes, auth: { role, scopes: [...scopes] } } };
}
