/** What a TLS port needs, as PEM texts. */
export interface TlsMaterial {
  /** The server's certificate, followed by the authority's. */
  readonly certificate: string;
  readonly key: string;
  /** SHA-256 of the server's certificate, lower-case hex: what gateway clients pin. */
  readonly fingerprint: string;
  /** The authority's certificate. */
  readonly authority: string;
  /** SHA-256 of that: what nodes pin, since it stays when the server's certificate is renewed. */
  readonly authorityFingerprint: string;
}

/** By what names clients reach this machine. */
export interface CertificateNames {
  readonly hosts: readonly string[];
  readonly addresses: readonly string[];
}
