import {
  type ConnectParams,
  type HelloAuth,
  isControlUi,
  type ProtocolVersion,
  SCOPES,
} from "@barnacle/protocol/gateway";
import type { Clock } from "@barnacle/protocol/runtime";
import type { Counters, DeviceRecord, Devices } from "../../services.ts";
import { Credentials } from "./credentials.ts";
import { ClientPairing } from "./pairing.ts";
import { type Challenge, deviceFlaw } from "./proof.ts";
import * as refused from "./refusals.ts";
import type { SharedSecrets } from "./secrets.ts";

export interface Admission {
  readonly role: "operator" | "node";
  /** What this connection may do. */
  readonly scopes: readonly string[];
  readonly device?: DeviceRecord;
  /** For `hello-ok`. */
  readonly auth: HelloAuth;
}

export type AuthOutcome = { readonly ok: true; readonly admission: Admission } | refused.Refused;

export interface AuthRequest {
  readonly params: ConnectParams;
  readonly protocol: ProtocolVersion;
  readonly role: "operator" | "node";
  /** Of this connection. */
  readonly challenge: Challenge;
  readonly local: boolean;
  readonly remoteIp: string;
}

export interface GatewayAuthOptions {
  readonly devices: Devices;
  readonly secrets: SharedSecrets;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Whether approving a node that speaks this protocol approves its commands too. */
  readonly withCommands: (protocol: ProtocolVersion) => boolean;
}

/** Decides who may connect. Source: gateway protocol 3, "order of checks on connect"; protocol 4, "handshake", "scopes". */
export class GatewayAuth {
  readonly #clock: Clock;
  readonly #credentials: Credentials;
  readonly #pairing: ClientPairing;

  constructor({ devices, secrets, clock, counters, withCommands }: GatewayAuthOptions) {
    this.#clock = clock;
    this.#credentials = new Credentials({ devices, secrets, clock, counters });
    this.#pairing = new ClientPairing({ devices, withCommands });
  }

  async decide(request: AuthRequest): Promise<AuthOutcome> {
    const { device, auth } = request.params;
    if (auth?.agentRuntimeIdentityToken) return refused.foreignAgentIdentity();
    if (!device) return this.#withoutDevice(request);
    const flaw = deviceFlaw({ ...request, device, now: this.#clock.now() });
    if (flaw) return refused.badProof(flaw);
    const credential = this.#credentials.of(request, device);
    return "ok" in credential ? credential : this.#pairing.admit(request, device, credential);
  }

  /** Without an identity only the shared secret counts, and nobody approved the machine that holds it. */
  #withoutDevice(request: AuthRequest): AuthOutcome {
    const { params, role } = request;
    if (isControlUi(params.client.id)) return refused.noSecureContext();
    const { token, password } = params.auth ?? {};
    if (role === "node" || !(token || password)) return refused.noDevice();
    const wrong = this.#credentials.shared(request);
    if (wrong) return wrong;
    const scopes = scopesWithoutDevice(request);
    return { ok: true, admission: { role, scopes, auth: { role, scopes: [...scopes] } } };
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
