import { hostname } from "node:os";
import { HUB_NAME, siteName } from "@barnacle/protocol/pairing";
import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import { endpointOf } from "../access/index.ts";
import type { HubConfig } from "../config/schema.ts";
import { Advertiser, announcements } from "../discovery/index.ts";
import { TlsFront } from "../http/index.ts";
import type { GatewayEndpoint } from "../services.ts";
import { HubCertificates, machineNames, type TlsMaterial } from "../tls/index.ts";

export interface ReachOptions {
  readonly config: HubConfig;
  readonly stateDir: string;
  /** The address that ports are bound to. */
  readonly host: string;
  /** Of the gateway; asked when it is known. */
  readonly port: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Reach {
  /** For the HTTP server; absent when its port speaks plain text only. */
  readonly front: TlsFront | undefined;
  /** The hub's own certificates; absent when nothing here speaks TLS. */
  readonly certificates: HubCertificates | undefined;
  /** What nodes of other machines pin; undefined when none can connect. */
  authority(): Pick<TlsMaterial, "authority" | "authorityFingerprint"> | undefined;
  endpoint(): GatewayEndpoint;
  /** To be started before the HTTP server. */
  readonly before: readonly Unit[];
  /** To be started when it listens. */
  readonly after: readonly Unit[];
}

/** How others find the gateway and know that it is this one: certificates, TLS on its port, its announcement on the LAN. */
export function reach({ config, stateDir, host, port, clock, log }: ReachOptions): Reach {
  const { gateway, discovery, name, site } = config;
  const onLan = host !== "127.0.0.1";
  const speaksTls = gateway.tls === "required" || (gateway.tls === "auto" && onLan);
  const names = () => {
    const { hosts, addresses } = machineNames();
    return { hosts: [...hosts, HUB_NAME, siteName(site)], addresses };
  };
  // Nodes reach the broker by TLS even where the gateway's port speaks none.
  const certificates =
    speaksTls || onLan ? new HubCertificates({ stateDir, hubName: name, names, clock, log }) : undefined;
  const tlsFingerprint = () => (speaksTls ? certificates?.material.fingerprint : undefined);
  const advertiser =
    onLan && discovery.mdns !== "off"
      ? new Advertiser({
          log,
          announcements: () =>
            announcements({
              ...{ hubName: name, hostname: shortHostname(), port: port(), tlsFingerprint: tlsFingerprint() },
              ...{ site, authority: certificates?.material.authorityFingerprint },
              ...{ mode: discovery.mdns === "full" ? "full" : "minimal", cliPath: process.argv[1] ?? "barnacle" },
            }),
        })
      : undefined;
  if (onLan && gateway.tls !== "required") {
    log.warn({}, "the gateway also takes unencrypted connections from the network; gateway.tls: required refuses them");
  }
  return {
    front:
      certificates && speaksTls
        ? new TlsFront({ source: certificates, required: gateway.tls === "required" })
        : undefined,
    certificates,
    authority: () => (onLan ? certificates?.material : undefined),
    endpoint: () => endpointOf({ port: port(), host, publicUrl: gateway.publicUrl, tlsFingerprint: tlsFingerprint() }),
    before: certificates ? [certificates] : [],
    after: advertiser ? [advertiser] : [],
  };
}

function shortHostname(): string {
  return machineNames().hosts[0] ?? hostname();
}
