export { type ManifestParts, manifestOf, type Part } from "./manifest.ts";
export { partsOf } from "./parts.ts";
