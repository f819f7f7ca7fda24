export { MessageInbox, type MessageInboxOptions } from "./inbox.ts";
