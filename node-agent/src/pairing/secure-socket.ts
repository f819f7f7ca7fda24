import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { authorityFingerprint, HUB_NAME } from "@barnacle/protocol/pairing";

/** What is known of a hub before a connection to it is made. */
export interface Trust {
  /** Certificate of the authority that was pinned, PEM; nothing else is accepted. */
  readonly authority?: string;
  /** How the authority's fingerprint must begin, hex: from a setup code. */
  readonly expects?: string;
}

export interface SecureTarget {
  readonly host: string;
  readonly port: number;
  readonly trust: Trust;
  /** The name that the server's certificate must carry. Default: the one of every hub. */
  readonly name?: string;
  readonly timeoutMs?: number;
}

export interface SecureConnection {
  readonly socket: TLSSocket;
  /** The authority that vouches for the server; undefined when the system's own list does. */
  readonly authority: string | undefined;
}

const TIMEOUT_MS = 10_000;
/** A board without a battery-backed clock wakes up in 1970; what its clock says of a certificate's time means nothing. */
const CLOCK_IS_SET = Date.UTC(2026, 0, 1);

/**
 * A TLS connection on which nothing has been sent yet and whose peer is the hub that is trusted. Hubs have their own
 * authority, so its certificate is what counts: the pinned one; else one that begins as the setup code says; else the one
 * that is shown first, which whoever calls then pins. The system's list of authorities does for a proxy with a public name.
 * @throws HUB_UNTRUSTED, HUB_UNREACHABLE
 */
export async function secureSocket(target: SecureTarget): Promise<SecureConnection> {
  const { host, port, trust, name = HUB_NAME } = target;
  const where = `${host}:${port}`;
  const socket = await handshake(target);
  try {
    if (!trust.authority && socket.authorized) return { socket, authority: undefined };
    const [leaf, authority] = certificates(socket, trust, where);
    check(leaf, authority, name, where);
    return { socket, authority: authority.toString() };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function handshake({ host, port, timeoutMs = TIMEOUT_MS }: SecureTarget): Promise<TLSSocket> {
  // Loaded by need: 1 MB that a hub on the same machine does not ask for.
  const { connect } = await import("node:tls");
  const where = `${host}:${port}`;
  return new Promise((resolve, reject) => {
    // Looked at here and not by the library, which knows neither pins nor clocks that are years off.
    const named = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ host, port, ...named, rejectUnauthorized: false, minVersion: "TLSv1.2" });
    const fail = (problem: string, cause?: unknown): void => {
      socket.destroy();
      reject(new BarnacleError("HUB_UNREACHABLE", `${where}: ${problem}`, cause === undefined ? {} : { cause }));
    };
    const onError = (error: Error): void => fail(describe(error), error);
    const onClose = (): void => fail("the connection was closed during the TLS handshake");
    socket.setTimeout(timeoutMs, () => fail(`no TLS handshake within ${timeoutMs} ms`));
    socket.once("error", onError);
    socket.once("close", onClose);
    socket.once("secureConnect", () => {
      socket.setTimeout(0);
      socket.off("error", onError);
      socket.off("close", onClose);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

function certificates(socket: TLSSocket, trust: Trust, where: string): [X509Certificate, X509Certificate] {
  const shown = socket.getPeerCertificate(true);
  if (!shown?.raw) throw new BarnacleError("HUB_UNTRUSTED", `${where} shows no certificate`);
  const leaf = new X509Certificate(shown.raw);
  const root = shown.issuerCertificate?.raw ? new X509Certificate(shown.issuerCertificate.raw) : leaf;
  if (trust.authority !== undefined) {
    const pinned = new X509Certificate(trust.authority);
    if (!leaf.checkIssued(pinned) || !leaf.verify(pinned.publicKey)) {
      throw untrusted(where, root, `the authority ${short(pinned)} was pinned`);
    }
    return [leaf, pinned];
  }
  if (trust.expects !== undefined && !authorityFingerprint(root.toString()).startsWith(trust.expects)) {
    throw untrusted(where, root, `the setup code is of a hub with the authority ${trust.expects.slice(0, 16)}…`);
  }
  return [leaf, root];
}

function check(leaf: X509Certificate, authority: X509Certificate, name: string, where: string): void {
  const refuse = (problem: string): never => {
    throw new BarnacleError("HUB_UNTRUSTED", `${where}: ${problem}`);
  };
  if (!leaf.checkIssued(authority) || !leaf.verify(authority.publicKey)) {
    refuse("its certificate was not made by the authority that it shows");
  }
  if (leaf.ca) refuse("it shows an authority's certificate as a server's");
  if (!leaf.checkHost(name)) refuse(`its certificate is not one of a hub's server: the name ${name} is missing`);
  const now = Date.now();
  if (now < CLOCK_IS_SET) return;
  if (now > Date.parse(leaf.validTo)) refuse(`its certificate ended on ${leaf.validTo}`);
}

function untrusted(where: string, shown: X509Certificate, expected: string): BarnacleError {
  return new BarnacleError("HUB_UNTRUSTED", `${where} shows the authority ${short(shown)}, but ${expected}`);
}

function short(certificate: X509Certificate): string {
  return `${certificate.fingerprint256.replaceAll(":", "").toLowerCase().slice(0, 16)}…`;
}

function describe(error: Error): string {
  const code = (error as { code?: string }).code ?? "";
  return code === "EPROTO" || /wrong version number/i.test(error.message)
    ? "no TLS is spoken there; nodes of other machines connect only with it (gateway.tls of the hub)"
    : messageOf(error);
}
