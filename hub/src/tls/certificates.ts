import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { writeDurably } from "@barnacle/protocol/identity";
import { type Clock, Events, type Log, type Unit } from "@barnacle/protocol/runtime";
import { fingerprintOf, type Issued, issueAuthority, issueServer } from "./issue.ts";
import type { CertificateNames, TlsMaterial } from "./material.ts";

const RENEW_BEFORE_MS = 30 * 24 * 60 * 60_000;
/** Often, since a board without a clock may start in 1970 and learn the year later. */
const LOOK_EVERY_MS = 60 * 60_000;

export interface CertificatesOptions {
  readonly stateDir: string;
  /** Named in the authority's certificate, which people may install on their phones. */
  readonly hubName: string;
  readonly names: () => CertificateNames;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The hub's own certificate authority and its server certificate, under `<state dir>/tls`, keys with mode 0600. A server
 * certificate is kept until thirty days before its end, or until the machine has another name: clients pin it, so a new
 * address alone does not change it.
 */
export class HubCertificates implements Unit {
  readonly events = new Events<{ renewed: TlsMaterial }>();
  readonly #options: CertificatesOptions;
  readonly #folder: string;
  #material: TlsMaterial | undefined;
  #cancel: () => void = () => {};

  constructor(options: CertificatesOptions) {
    this.#options = options;
    this.#folder = path.join(options.stateDir, "tls");
  }

  /** @throws INTERNAL before the start */
  get material(): TlsMaterial {
    if (this.#material) return this.#material;
    throw new BarnacleError("INTERNAL", "the certificates are not loaded yet");
  }

  /** @throws STATE_UNWRITABLE, IDENTITY_INVALID for files that are none of ours; they are left as they are */
  async start(): Promise<void> {
    const { clock, log } = this.#options;
    this.#material = await this.#current();
    this.#cancel = clock.every(LOOK_EVERY_MS, () => {
      this.#renew().catch((error: unknown) => {
        log.error({ problem: messageOf(error) }, "the certificate could not be renewed; the old one stays in use");
      });
    });
  }

  async stop(): Promise<void> {
    this.#cancel();
    this.#cancel = () => {};
  }

  async #renew(): Promise<void> {
    const material = await this.#current();
    if (material.fingerprint === this.#material?.fingerprint) return;
    this.#material = material;
    this.#options.log.info({ fingerprint: material.fingerprint }, "the certificate was renewed");
    this.events.emit("renewed", material);
  }

  async #current(): Promise<TlsMaterial> {
    const { clock, hubName, names } = this.#options;
    const now = clock.now();
    const known = this.#read("ca");
    const authority = known && lasts(known, now) ? known : await issueAuthority(hubName, now);
    if (authority !== known) this.#write("ca", authority);
    const server = this.#read("server");
    const wanted = names();
    const good = server !== undefined && lasts(server, now) && fits(server, authority, wanted);
    const used = good ? server : await issueServer(authority, wanted, now);
    if (used !== server) this.#write("server", used);
    return {
      certificate: `${used.certificate.trim()}\n${authority.certificate.trim()}\n`,
      key: used.key,
      fingerprint: fingerprintOf(used.certificate),
      authority: `${authority.certificate.trim()}\n`,
      authorityFingerprint: fingerprintOf(authority.certificate),
    };
  }

  #read(name: "ca" | "server"): Issued | undefined {
    const files = this.#files(name);
    if (!existsSync(files.certificate) || !existsSync(files.key)) return undefined;
    if ((statSync(files.key).mode & 0o077) !== 0) chmodSync(files.key, 0o600);
    const issued = { certificate: readFileSync(files.certificate, "utf8"), key: readFileSync(files.key, "utf8") };
    try {
      if (new X509Certificate(issued.certificate).checkPrivateKey(createPrivateKey(issued.key))) return issued;
    } catch (error) {
      throw new BarnacleError("IDENTITY_INVALID", `${files.certificate} or its key is damaged`, { cause: error });
    }
    throw new BarnacleError("IDENTITY_INVALID", `${files.certificate} does not belong to ${files.key}`);
  }

  /** The key first: a certificate without its key would be of no use. */
  #write(name: "ca" | "server", { certificate, key }: Issued): void {
    const files = this.#files(name);
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeDurably(files.key, key, 0o600);
      writeDurably(files.certificate, certificate, 0o644);
    } catch (error) {
      throw new BarnacleError("STATE_UNWRITABLE", `${this.#folder} cannot be written: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  #files(name: "ca" | "server") {
    return { certificate: path.join(this.#folder, `${name}.pem`), key: path.join(this.#folder, `${name}-key.pem`) };
  }
}

function lasts({ certificate }: Issued, now: number): boolean {
  const { validTo } = new X509Certificate(certificate);
  return Date.parse(validTo) - now > RENEW_BEFORE_MS;
}

function fits({ certificate }: Issued, authority: Issued, { hosts }: CertificateNames): boolean {
  const server = new X509Certificate(certificate);
  return (
    server.checkIssued(new X509Certificate(authority.certificate)) && hosts.every((host) => server.checkHost(host))
  );
}
