import { createPrivateKey, type JsonWebKey, KeyObject, webcrypto, X509Certificate } from "node:crypto";
import type { CertificateNames } from "./material.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 60 * 60_000;
const AUTHORITY_DAYS = 20 * 365;
/** Systems that trust the authority accept no server certificate of more than 825 days. */
const SERVER_DAYS = 820;
/** Clocks of small boards run behind until they have asked for the time. */
const BEFORE_MS = 2 * DAY_MS;

/** A certificate and its private key, as PEM texts. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

/** A new authority of this hub. The library is loaded here, since it is needed once in two years. */
export async function issueAuthority(name: string, nowMs: number): Promise<Issued> {
  const x509 = await library();
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [`${name} authority`] }],
    notBefore: new Date(nowMs - BEFORE_MS),
    notAfter: new Date(nowMs + AUTHORITY_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString("pem"), key: pemOf(keys.privateKey) };
}

/** A server certificate that the authority vouches for. */
export async function issueServer(authority: Issued, names: CertificateNames, nowMs: number): Promise<Issued> {
  const x509 = await library();
  const issuer = new x509.X509Certificate(authority.certificate);
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [names.hosts[0] ?? "localhost"] }],
    issuer: issuer.subject,
    notBefore: new Date(nowMs - BEFORE_MS),
    notAfter: new Date(nowMs + SERVER_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await signingKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...names.hosts.map((value) => ({ type: "dns" as const, value })),
        ...names.addresses.map((value) => ({ type: "ip" as const, value })),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { certificate: certificate.toString("pem"), key: pemOf(keys.privateKey) };
}

async function library() {
  // The library finds its parts by decorators, which need this first.
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

/** SHA-256 of a certificate, lower-case hex. */
export function fingerprintOf(certificate: X509Certificate | string): string {
  const { fingerprint256 } = typeof certificate === "string" ? new X509Certificate(certificate) : certificate;
  return fingerprint256.replaceAll(":", "").toLowerCase();
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

async function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  const jwk = createPrivateKey(pem).export({ format: "jwk" }) as JsonWebKey;
  return webcrypto.subtle.importKey("jwk", jwk, ALGORITHM, false, ["sign"]);
}

function pemOf(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: "pkcs8", format: "pem" }).toString();
}

/** 127 random bits: positive, and never the same twice. */
function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}
