/** Where clients find the gateway. */
export interface GatewayEndpoint {
  readonly port: number;
  /** For clients on other machines, best first; empty when only this machine is served. */
  readonly urls: readonly string[];
  /** Why these: `gateway.publicUrl`, `gateway.bind=lan`, `gateway.bind=loopback`. */
  readonly urlSource: string;
  readonly lanAddress?: string;
  /** SHA-256 of the certificate, lower-case hex, when the port speaks TLS. */
  readonly tlsFingerprint?: string;
}
