export { canonicalJson } from "./canonical.ts";
export { masked } from "./mask.ts";
export { AuditTrail, type AuditTrailOptions, unwritable } from "./trail.ts";
