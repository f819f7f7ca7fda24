import { X509Certificate } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { temporaryDirectory } from "../store/testing.ts";
import { type CertificateNames, HubCertificates, machineNames } from "./index.ts";

const DAY_MS = 24 * 60 * 60_000;
const NAMES = { hosts: ["attic", "attic.local", "localhost"], addresses: ["127.0.0.1", "::1", "10.0.0.2"] };

async function loaded(t: Test, stateDir: string, clock: FakeClock, names: CertificateNames = NAMES) {
  const certificates = new HubCertificates({ stateDir, hubName: "Test", names: () => names, clock, log: silentLog });
  await certificates.start();
  t.teardown(() => certificates.stop());
  return certificates;
}

const leafOf = (pem: string) => new X509Certificate(pem);
const authorityOf = (pem: string) => new X509Certificate(pem.slice(pem.lastIndexOf("-----BEGIN")));

t.test("a new hub makes an authority and a certificate for every name and address of its machine", async (t) => {
  const stateDir = temporaryDirectory(t);
  const { material } = await loaded(t, stateDir, new FakeClock());
  const [leaf, authority] = [leafOf(material.certificate), authorityOf(material.certificate)];
  for (const host of NAMES.hosts) t.ok(leaf.checkHost(host), host);
  for (const address of NAMES.addresses) t.ok(leaf.checkIP(address), address);
  t.notOk(leaf.checkHost("other.local"));
  t.ok(leaf.verify(authority.publicKey), "signed by the authority");
  t.ok(leaf.checkIssued(authority));
  t.same([leaf.ca, authority.ca], [false, true]);
  t.match(authority.subject, /Test authority/);
  t.equal(material.fingerprint, leaf.fingerprint256.replaceAll(":", "").toLowerCase());
  for (const file of ["ca-key.pem", "server-key.pem"]) {
    t.equal(statSync(path.join(stateDir, "tls", file)).mode & 0o777, 0o600, file);
  }
});

t.test("it is kept over restarts and new addresses, and renewed before its end or for a new name", async (t) => {
  const stateDir = temporaryDirectory(t);
  const clock = new FakeClock();
  const first = (await loaded(t, stateDir, clock)).material;
  const moved = { ...NAMES, addresses: ["10.9.9.9"] };
  t.same((await loaded(t, stateDir, clock, moved)).material, first, "clients have pinned it");
  const later = new FakeClock(clock.now() + 791 * DAY_MS);
  const renewed = (await loaded(t, stateDir, later)).material;
  t.not(renewed.fingerprint, first.fingerprint);
  t.equal(authorityOf(renewed.certificate).fingerprint256, authorityOf(first.certificate).fingerprint256);
  const named = await loaded(t, stateDir, later, { ...NAMES, hosts: ["cellar", "cellar.local", "localhost"] });
  t.ok(leafOf(named.material.certificate).checkHost("cellar.local"));
});

t.test("a hub that runs for years renews by itself", async (t) => {
  const stateDir = temporaryDirectory(t);
  const clock = new FakeClock();
  const certificates = await loaded(t, stateDir, clock);
  const before = certificates.material.fingerprint;
  const renewed = new Promise((resolve) => certificates.events.on("renewed", resolve, t));
  const jump = clock.now() + 800 * DAY_MS;
  Object.assign(clock, { now: () => jump });
  await clock.advance(60 * 60_000);
  await renewed;
  t.not(certificates.material.fingerprint, before);
});

t.test("files that are damaged or do not belong together are named, and left alone", async (t) => {
  const stateDir = temporaryDirectory(t);
  const clock = new FakeClock();
  await loaded(t, stateDir, clock);
  const file = (name: string) => path.join(stateDir, "tls", name);
  const authorityKey = readFileSync(file("ca-key.pem"), "utf8");
  writeFileSync(file("server-key.pem"), authorityKey);
  await t.rejects(loaded(t, stateDir, clock), { code: "IDENTITY_INVALID", message: /server\.pem does not belong to/ });
  writeFileSync(file("server-key.pem"), "nonsense");
  await t.rejects(loaded(t, stateDir, clock), { code: "IDENTITY_INVALID", message: /damaged/ });
  t.equal(readFileSync(file("server-key.pem"), "utf8"), "nonsense");
});

t.test("a state directory that cannot be written is named", async (t) => {
  const stateDir = temporaryDirectory(t);
  writeFileSync(path.join(stateDir, "tls"), "in the way");
  await t.rejects(loaded(t, stateDir, new FakeClock()), { code: "STATE_UNWRITABLE" });
});

t.test("the machine's own names are enough to reach it", async (t) => {
  const { hosts, addresses } = machineNames();
  t.ok(hosts.includes("localhost"));
  t.ok(hosts.some((host) => host.endsWith(".local")));
  t.ok(addresses.includes("127.0.0.1"));
});
