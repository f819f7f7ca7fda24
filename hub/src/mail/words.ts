/** The words of mail and nudges; nothing else, so that whoever needs the words loads no more. */

/** The place of each is the priority of its bead. */
export const MAIL_PRIORITIES = ["urgent", "high", "normal", "low"] as const;
export const MAIL_TYPES = ["task", "escalation", "scavenge", "notification", "reply"] as const;
export type MailPriority = (typeof MAIL_PRIORITIES)[number];
export type MailType = (typeof MAIL_TYPES)[number];

export const NUDGE_MODES = ["wait-idle", "queue", "immediate"] as const;
export const NUDGE_PRIORITIES = ["low", "normal", "urgent"] as const;
export type NudgeMode = (typeof NUDGE_MODES)[number];
export type NudgePriority = (typeof NUDGE_PRIORITIES)[number];

export const LEVELS = ["verbose", "normal", "muted"] as const;
/** How much an agent wants to be told while it works. Mail is kept for it whatever it says. */
export type Level = (typeof LEVELS)[number];
