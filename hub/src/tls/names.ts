import { hostname, networkInterfaces } from "node:os";
import type { CertificateNames } from "./material.ts";

/** What this machine is called and where it is, on loopback and on the LAN. */
export function machineNames(): CertificateNames {
  const host = (hostname().split(".")[0] ?? "").toLowerCase().replace(/[^a-z0-9-]/g, "-") || "barnacle";
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.toLowerCase().startsWith("fe80:"));
  return {
    hosts: [...new Set([host, `${host}.local`, "localhost"])],
    addresses: [...new Set(["127.0.0.1", "::1", ...addresses])],
  };
}
