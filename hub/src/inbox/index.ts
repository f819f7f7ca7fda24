export { StoredInbox, type StoredInboxOptions } from "./inbox.ts";
