export { StoredInbox, type StoredInboxOptions } from "./inbox.ts";
export { EVENTS_CHANNEL } from "./row.ts";
