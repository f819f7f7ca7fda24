/**
 * Older vocabularies, calls and files of work, in terms of today's. Nothing here holds anything: words that have no place of
 * their own are kept in the metadata of the bead they belong to.
 */
export { type LegacyConvoyCall, legacyConvoyCall, NEWER } from "./calls.ts";
export { type OldFile, readOldFiles } from "./files.ts";
export { migrate, previewMigration } from "./migrate.ts";
export { CONVOY_SETS, type ConvoySet, LEGACY_CONVOY_CALLS } from "./names.ts";
export type { MigrationReport } from "./plan.ts";
export {
  beadToLegacy,
  CONVOY_WORDS,
  convoyFromLegacy,
  convoyToLegacy,
  type KeptWords,
  keepWords,
  keptWords,
} from "./words.ts";
