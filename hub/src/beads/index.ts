/**
 * Work items. Whoever builds on them uses `Beads` (reads and transactions) and this folder's types; nobody else writes
 * its tables.
 */
export { Beads, type BeadsChanged, type BeadsOptions, DEFAULT_PREFIX, JOURNAL } from "./beads.ts";
export type { Change, EventBody } from "./changes.ts";
export { type BeadsCheck, checkBeads } from "./check.ts";
export type { ClaimOptions } from "./claims.ts";
export type { CloseOptions } from "./closing.ts";
export { type BeadEvent, type BeadEventKind, EventLog, type EventQuery } from "./events.ts";
export type { BeadFilter } from "./filter.ts";
export type { Conditions, GateVerdict } from "./gates.ts";
export type { BeadFields } from "./input.ts";
export * from "./legacy.ts";
export { type MergedFiles, mergeFiles } from "./merge/files.ts";
export * from "./operations/index.ts";
export { ReadOnlyFile } from "./reader.ts";
export { BeadReads, type BeadView, type BlockedView, type Blocker, type ReadyQuery } from "./reads.ts";
export { replay } from "./replay.ts";
export { BEAD_SETTINGS, type BeadSetting, BeadSettings } from "./settings.ts";
export type { Sql, WritableSql } from "./sql.ts";
export { exportLines, type ImportSummary, importLines } from "./transfer.ts";
export { BeadWriter, type NewBead } from "./writer.ts";
