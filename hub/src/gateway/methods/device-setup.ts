import { BarnacleError } from "@barnacle/protocol/errors";
import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { GatewayEndpoint } from "../../services.ts";
import { SETUP_PROFILES } from "../handshake/setup-profiles.ts";
import { setupCompletion } from "../views.ts";
import { type Method, method } from "./method.ts";

const NO_JOIN_PAGE = "no join page is served; use the code itself";

/** Setup codes for gateway clients: one scan lets in the device that the code was made for. */
export const deviceSetupMethods: readonly Method[] = [
  method({
    name: "device.pair.setupCode",
    access: "admin",
    support: { partial: `\`joinUrl\` is refused: ${NO_JOIN_PAGE}` },
    records: "pairing",
    params: Type.Object({
      publicUrl: Type.Optional(Type.String({ pattern: "^(wss?|https?)://", maxLength: 300 })),
      includeQr: Type.Optional(Type.Boolean()),
      bootstrapProfile: Type.Optional(literals(["full", "limited", "node", "voice-node"])),
      joinUrl: Type.Optional(Type.Boolean()),
    }),
    async run({ publicUrl, includeQr = true, bootstrapProfile = "full", joinUrl }, { hub, caller }) {
      if (joinUrl)
        throw new BarnacleError("INPUT_INVALID", `invalid device.pair.setupCode params: at /joinUrl: ${NO_JOIN_PAGE}`);
      const { url, urls, urlSource, tlsFingerprint } = reachable(hub.endpoint(), publicUrl);
      const { setupId, bootstrapToken, profile, expiresAtMs } = await hub.devices.setups.create({
        ...{ profile: bootstrapProfile, by: caller.principal },
      });
      const more = urls.length > 1 ? { urls } : {};
      const pin = tlsFingerprint === undefined ? {} : { tlsFingerprint };
      const setupCode = encoded({ url, ...more, bootstrapToken, expiresAtMs, ...pin });
      const qrDataUrl = includeQr ? (await import("../qr-image.ts")).qrDataUrl(setupCode) : undefined;
      return {
        ...{ setupId, setupCode, expiresAtMs, gatewayUrl: url, auth: "token", urlSource },
        ...(urls.length > 1 ? { gatewayUrls: urls } : {}),
        ...(qrDataUrl === undefined ? {} : { qrDataUrl }),
        access: SETUP_PROFILES[profile].access,
      };
    },
  }),
  method({
    name: "device.pair.setupStatus",
    access: "admin",
    params: Type.Object({ setupId: Type.String({ minLength: 1, maxLength: 128 }) }),
    run({ setupId }, { hub }) {
      const completion = hub.devices.setups.completion(setupId);
      return completion ? { completion: setupCompletion(completion) } : {};
    },
  }),
];

interface Reachable {
  readonly url: string;
  readonly urls: readonly string[];
  readonly urlSource: string;
  readonly tlsFingerprint?: string;
}

/** Where the new device finds the hub. The certificate is the hub's own only where nothing stands between. */
function reachable({ urls, urlSource, tlsFingerprint }: GatewayEndpoint, publicUrl: string | undefined): Reachable {
  if (publicUrl !== undefined) {
    const url = publicUrl.replace(/^http/, "ws").replace(/\/$/, "");
    return { url, urls: [url], urlSource: "request.publicUrl" };
  }
  const [url] = urls;
  if (url === undefined) {
    throw new BarnacleError("CONFLICT", "the gateway serves this machine only, so no other device can use a code", {
      hint: "Start the hub with --bind lan, or name its address with publicUrl.",
    });
  }
  return { url, urls, urlSource, ...(url.startsWith("wss:") && tlsFingerprint ? { tlsFingerprint } : {}) };
}

function encoded(payload: object): string {
  return Buffer.from(JSON.stringify(payload)).toString("base64url");
}
