import type { BeadWriter } from "../beads/index.ts";
import type { EscalationConfig } from "../config/escalation.ts";
import { addressOf, type MailPriority, OVERSEER, postMail } from "../mail/index.ts";
import type { Escalation, Severity } from "./row.ts";

const MAIL_PRIORITY: Readonly<Record<Severity, MailPriority>> = {
  ...{ low: "low", medium: "normal", high: "high", critical: "urgent" },
};

/**
 * Tells an escalation along the routes of its severity, within the transaction in which it is raised: mail is posted, what
 * is to be said aloud is written down for the sender. The bead itself is always there.
 */
export function tell(writer: BeadWriter, one: Escalation, settings: EscalationConfig, round: number | string): void {
  const { id, severity, subject } = one;
  const routes = settings.routes[severity];
  const readers = routes.flatMap((route) => {
    if (route === "inbox") return [OVERSEER];
    return route.startsWith("mail:") ? [addressOf(route.slice("mail:".length))] : [];
  });
  for (const to of new Set(readers)) {
    postMail(writer, {
      ...{ from: one.escalated_by, to, subject: `[${severity.toUpperCase()}] ${subject}`.slice(0, 500) },
      ...{ body: bodyOf(one), type: "escalation", priority: MAIL_PRIORITY[severity] },
      ...{ threadId: id, permanent: true, key: `escalation ${id} ${round} ${to}` },
    });
  }
  if (routes.includes("notify") && settings.notify !== undefined) {
    writer.sql.run(
      "INSERT INTO escalation_sends (escalation, route, severity, at) VALUES (?, 'notify', ?, ?)",
      ...[id, severity, writer.now],
    );
  }
}

function bodyOf(one: Escalation): string {
  const facts = [
    ["Id", one.id],
    ["Severity", one.severity],
    ["Source", one.source],
    ["Raised-by", one.escalated_by],
    ["Bead", one.related_bead],
    ["Occurrences", one.occurrences > 1 ? String(one.occurrences) : undefined],
    ["Re-raised", one.reescalation_count > 0 ? String(one.reescalation_count) : undefined],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  const what = `Acknowledge it: barnacle escalate ack ${one.id}`;
  return [facts.join("\n"), ...(one.reason === "" ? [] : [one.reason]), what].join("\n\n");
}
