/** Mail between agents and people. Whoever has something to say within a transaction of beads posts it there. */
export { addressOf, matchesAddress, OVERSEER, senderOf } from "./address.ts";
export { type Letter, Mail, type MailOptions, type MailPorts } from "./mail.ts";
export {
  type Deliver,
  type NewNudge,
  type Nudgeable,
  type Nudged,
  Nudges,
  type NudgesOptions,
  type NudgeView,
} from "./nudges.ts";
export { MAIL_CHANNEL } from "./overseer.ts";
export { labelOf, type NewMail, postMail, threadOf } from "./post.ts";
export type { Handled } from "./steps.ts";
export type { DeliveryState, MessageView } from "./view.ts";
export type { Level, MailPriority, MailType, NudgeMode, NudgePriority } from "./words.ts";
