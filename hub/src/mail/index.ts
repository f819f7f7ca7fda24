/** Mail between agents and people. Whoever has something to say within a transaction of beads posts it there. */
export { addressOf, matchesAddress, OVERSEER } from "./address.ts";
export { labelOf, type MailPriority, type MailType, type NewMail, postMail, threadOf } from "./post.ts";
