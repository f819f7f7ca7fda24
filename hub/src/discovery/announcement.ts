/** What is told about the gateway on the LAN, and as whose. */
export interface Announcement {
  /** `openclaw-gw`: the service type without its underscores. */
  readonly type: string;
  /** What people see in a list of services. */
  readonly name: string;
  /** Without `.local`. */
  readonly hostname: string;
  readonly port: number;
  readonly txt: Readonly<Record<string, string>>;
}

export interface AnnouncementFacts {
  readonly hubName: string;
  /** Without `.local`. */
  readonly hostname: string;
  readonly port: number;
  readonly tlsFingerprint?: string | undefined;
  readonly site?: string;
  /** Fingerprint of the authority that nodes pin; without it nodes of other machines cannot connect. */
  readonly authority?: string | undefined;
  /** `full` tells where to log in to this machine, too. */
  readonly mode: "minimal" | "full";
  readonly cliPath: string;
}

/** Apps of each name look for a service of their own name only. */
const BRANDS = [
  ["openclaw", "OpenClaw"],
  ["moltbot", "Moltbot"],
  ["clawdbot", "Clawdbot"],
] as const;

/**
 * One service for each name that the protocol was shipped under, and one that our own nodes look for. Source: gateway
 * protocol 3, "discovery".
 */
export function announcements(facts: AnnouncementFacts): Announcement[] {
  const { hubName, hostname, port, tlsFingerprint, mode, cliPath } = facts;
  const txt = {
    ...{ role: "gateway", transport: "gateway", gatewayPort: String(port), lanHost: `${hostname}.local` },
    displayName: hubName,
    ...(tlsFingerprint === undefined ? {} : { gatewayTls: "1", gatewayTlsSha256: tlsFingerprint }),
    ...(mode === "full" ? { sshPort: "22", cliPath } : {}),
  };
  const gateways = BRANDS.map(([brand, title]) => ({
    type: `${brand}-gw`,
    name: `${hubName} (${title})`,
    hostname,
    port,
    txt,
  }));
  if (facts.authority === undefined) return gateways;
  const own = { site: facts.site ?? "home", ca: facts.authority };
  return [...gateways, { type: "barnacle", name: hubName, hostname, port, txt: own }];
}
