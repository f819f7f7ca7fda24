export { HubCertificates } from "./certificates.ts";
export { fingerprintOf } from "./issue.ts";
export type { CertificateNames, TlsMaterial } from "./material.ts";
export { machineNames } from "./names.ts";
