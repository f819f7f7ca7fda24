import type { ConnectDevice } from "@barnacle/protocol/gateway";
import type { Clock } from "@barnacle/protocol/runtime";
import type { Counters, Devices, SetupProfile } from "../../services.ts";
import type { AuthRequest } from "./admission.ts";
import { AuthFailures } from "./failures.ts";
import type { AuthReason, Refused } from "./refusals.ts";
import * as refused from "./refusals.ts";
import type { SharedSecrets } from "./secrets.ts";
import { tokenOf } from "./token.ts";

/** By what a device shows that it may ask: what all operators share, a token of its own, or a setup code. */
export type Credential =
  | { readonly kind: "shared" }
  | { readonly kind: "device"; readonly token: string }
  | { readonly kind: "setup"; readonly token: string; readonly profile: SetupProfile };

/** Checks the secrets of a connect, and counts the wrong ones against the address that they came from. */
export class Credentials {
  readonly #devices: Devices;
  readonly #secrets: SharedSecrets;
  readonly #failures: AuthFailures;
  readonly #counters: Counters;

  constructor(options: { devices: Devices; secrets: SharedSecrets; clock: Clock; counters: Counters }) {
    this.#counters = options.counters;
    this.#devices = options.devices;
    this.#secrets = options.secrets;
    this.#failures = new AuthFailures(options.clock);
  }

  of(request: AuthRequest, device: ConnectDevice): Credential | Refused {
    const { token, deviceToken, bootstrapToken, password } = request.params.auth ?? {};
    // Asked first, and of a locked address too: nobody guesses it who has not the device's key.
    for (const own of [deviceToken, token]) {
      if (own && this.#devices.verifyToken(device.id, request.role, own)) return { kind: "device", token: own };
    }
    if (bootstrapToken && !token && !password) return this.#setup(request, device.id, bootstrapToken);
    if (deviceToken && (!token || token === deviceToken) && !password) {
      return this.#wrong(request, refused.wrongDeviceToken());
    }
    return this.shared(request, device) ?? { kind: "shared" };
  }

  /** Undefined when the shared secret is right. */
  shared(request: AuthRequest, device?: ConnectDevice): Refused | undefined {
    const { remoteIp, params, role } = request;
    const { auth = {}, client } = params;
    const locked = this.#locked(remoteIp);
    if (locked) return locked;
    if (this.#secrets.match(auth)) {
      this.#failures.clear(remoteIp);
      return undefined;
    }
    const { kind } = this.#secrets;
    const given = Boolean(auth.token || auth.password);
    const reason: AuthReason = `${kind}_${given ? "mismatch" : "missing"}`;
    const known = device && this.#devices.get(device.id);
    const untried = !auth.deviceToken && known !== undefined && !known.blocked && tokenOf(known, role) !== undefined;
    const answer = refused.wrongSecret(reason, client, untried);
    return given ? this.#wrong(request, answer) : answer;
  }

  #setup(request: AuthRequest, deviceId: string, token: string): Credential | Refused {
    const locked = this.#locked(request.remoteIp);
    if (locked) return locked;
    const setup = this.#devices.setups.check(token, deviceId);
    if (!setup) return this.#wrong(request, refused.wrongBootstrapToken());
    return { kind: "setup", token, profile: setup.profile };
  }

  /** Counted against the address; the one that is too many is told so at the next try. */
  #wrong({ remoteIp }: AuthRequest, answer: Refused): Refused {
    const locked = this.#locked(remoteIp);
    if (locked) return locked;
    this.#counters.add("gateway.refused.secret");
    this.#failures.record(remoteIp);
    return answer;
  }

  #locked(remoteIp: string): Refused | undefined {
    const wait = this.#failures.lockedMs(remoteIp);
    if (wait === 0) return undefined;
    this.#counters.add("gateway.refused.locked");
    return refused.locked(wait);
  }
}
