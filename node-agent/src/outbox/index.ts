export { Outbox, type OutboxParts } from "./outbox.ts";
export type { OutboxKind } from "./rows.ts";
