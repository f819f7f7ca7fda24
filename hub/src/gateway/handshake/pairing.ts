import { hasCode } from "@barnacle/protocol/errors";
import { type ConnectDevice, coversScopes, type HelloAuth, type IssuedToken, SCOPES } from "@barnacle/protocol/gateway";
import type { DeviceRecord, Devices, GatewayPairing, IssuedDeviceToken, SetupGrant } from "../../services.ts";
import type { Admission, AuthOutcome, AuthRequest, GatewayAuthOptions } from "./admission.ts";
import type { Credential } from "./credentials.ts";
import * as refused from "./refusals.ts";
import { SETUP_PROFILES } from "./setup-profiles.ts";
import { issuedAt, tokenOf } from "./token.ts";

/** A client has proven its key and shown a secret: is it paired as what it asks to be, and which token does it get? */
export class ClientPairing {
  readonly #devices: Devices;
  readonly #withCommands: GatewayAuthOptions["withCommands"];

  constructor({ devices, withCommands }: Pick<GatewayAuthOptions, "devices" | "withCommands">) {
    this.#devices = devices;
    this.#withCommands = withCommands;
  }

  async admit(request: AuthRequest, device: ConnectDevice, credential: Credential): Promise<AuthOutcome> {
    const pairing = this.#pairingOf(request, device, credential);
    try {
      const admission = credential.kind === "setup" ? await this.#bySetup(request, pairing, credential) : undefined;
      return admission ? { ok: true, admission } : await this.#known(request, pairing, credential);
    } catch (error) {
      if (hasCode(error, "PAIRING_REJECTED", "DEVICE_BLOCKED", "PAIRING_LOCKED")) {
        return refused.turnedAway(error, device.id);
      }
      if (hasCode(error, "PAIRING_CODE_WRONG")) return refused.wrongBootstrapToken();
      throw error;
    }
  }

  /** By what an operator has approved; otherwise he is asked. */
  async #known(request: AuthRequest, pairing: GatewayPairing, credential: Credential): Promise<AuthOutcome> {
    const { deviceId, role, scopes } = pairing;
    const before = this.#devices.get(deviceId);
    const answer = await this.#devices.pairGateway(pairing);
    if (answer.status === "pending") {
      const { requestId, reason } = answer.request;
      const { roles: approvedRoles = [], scopes: approvedScopes = [] } = before ?? {};
      return refused.pairingRequired({ reason, requestId, deviceId, role, scopes, approvedRoles, approvedScopes });
    }
    const { device } = answer;
    if (credential.kind === "setup") {
      return { ok: true, admission: await this.#redeemed(request, pairing, credential.token, []) };
    }
    const token = tokenOf(device, role);
    if (credential.kind === "device" && !coversScopes(token?.scopes ?? [], scopes)) return refused.narrowToken();
    const auth = await this.#authOf(device, role, scopes, credential);
    return { ok: true, admission: { role: request.role, scopes, device, auth } };
  }

  /** At once for a client of the kind that the code was made for; any other keeps the code and is asked about. */
  async #bySetup(
    request: AuthRequest,
    pairing: GatewayPairing,
    { token, profile }: Extract<Credential, { kind: "setup" }>,
  ): Promise<Admission | undefined> {
    const rules = SETUP_PROFILES[profile];
    const grant = rules.grants.find(({ role }) => role === pairing.role);
    const requested = request.params.scopes ?? [];
    if (!grant || !rules.fits(request.params.client) || !coversScopes(grant.scopes, requested)) return undefined;
    const scopes = request.role === "operator" && requested.length > 0 ? requested : grant.scopes;
    const { withCommands } = rules;
    return this.#redeemed(request, { ...pairing, scopes, withCommands }, token, rules.grants);
  }

  async #redeemed(
    { role }: AuthRequest,
    pairing: GatewayPairing,
    token: string,
    grants: readonly SetupGrant[],
  ): Promise<Admission> {
    const { device, tokens } = await this.#devices.setups.redeem(token, pairing, grants);
    const own = tokens.map(issued).find((one) => one.role === role);
    const others = tokens.map(issued).filter((one) => one.role !== role);
    const auth: HelloAuth = {
      ...(own ?? { role, scopes: [...pairing.scopes] }),
      ...(others.length === 0 ? {} : { deviceTokens: others }),
    };
    return { role, scopes: pairing.scopes, device, auth };
  }

  async #authOf(
    device: DeviceRecord,
    role: string,
    scopes: readonly string[],
    credential: Credential,
  ): Promise<HelloAuth> {
    const fresh = await this.#devices.ensureToken(device.deviceId, role, scopes);
    if (fresh) return issued(fresh);
    const entry = tokenOf(device, role);
    // Only its hash is kept: a token that the client has not shown just now cannot be shown to it again.
    if (!entry || credential.kind !== "device") return { role, scopes: [...scopes] };
    return issued({ token: credential.token, entry });
  }

  #pairingOf(request: AuthRequest, device: ConnectDevice, credential: Credential): GatewayPairing {
    const { params, role, protocol, local, remoteIp } = request;
    const { displayName, platform, deviceFamily, id, mode } = params.client;
    const shared = credential.kind === "shared";
    return {
      ...{ deviceId: device.id, publicKey: device.publicKey, role, displayName, platform, deviceFamily, remoteIp },
      ...{ clientId: id, clientMode: mode, caps: params.caps, commands: params.commands },
      scopes: this.#scopes(request, device.id, shared),
      withCommands: role === "node" && this.#withCommands(protocol),
      silent: local && shared,
    };
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
    return shared ? known.scopes : (tokenOf(known, role)?.scopes ?? known.scopes);
  }
}

function issued({ token, entry }: IssuedDeviceToken): IssuedToken {
  return { deviceToken: token, role: entry.role, scopes: [...entry.scopes], issuedAtMs: issuedAt(entry) };
}
