import { networkInterfaces } from "node:os";
import type { GatewayEndpoint } from "../services.ts";

export interface EndpointFacts {
  readonly port: number;
  /** The address that the port is bound to. */
  readonly host: string;
  readonly publicUrl?: string | undefined;
  readonly tlsFingerprint?: string | undefined;
}

/** Where others reach the gateway, as far as the machine itself can tell. */
export function endpointOf({ port, host, publicUrl, tlsFingerprint }: EndpointFacts): GatewayEndpoint {
  const pin = tlsFingerprint === undefined ? {} : { tlsFingerprint };
  const [lanAddress] = lanAddresses();
  const about = { port, ...(lanAddress === undefined ? {} : { lanAddress }), ...pin };
  if (publicUrl !== undefined)
    return { ...about, urls: [publicUrl.replace(/\/$/, "")], urlSource: "gateway.publicUrl" };
  if (host === "127.0.0.1") return { ...about, urls: [], urlSource: "gateway.bind=loopback" };
  const scheme = tlsFingerprint === undefined ? "ws" : "wss";
  return { ...about, urls: lanAddresses().map((one) => `${scheme}://${one}:${port}`), urlSource: "gateway.bind=lan" };
}

/** IPv4 addresses of this machine that others may reach, at most eight. */
export function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === "IPv4" && !address.internal && !address.address.startsWith("169.254."))
    .map((address) => address.address)
    .slice(0, 8);
}
