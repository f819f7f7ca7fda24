export { Outbox, type OutboxKind, type OutboxParts } from "./outbox.ts";
