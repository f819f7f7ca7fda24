import { eventOf } from "../approval-views.ts";
import type { Broadcast } from "../broadcast.ts";
import { outcomeOf, wireQuestion } from "../methods/questions.ts";
import { OWNER_ID } from "../methods/users.ts";
import type { GatewayServices } from "../services.ts";

/** Broadcasts of approvals, questions, configuration and the owner's preferences. */
export function announceRecords(hub: GatewayServices, broadcast: Broadcast, owner: object): void {
  const { approvals, clock, configFile, questions } = hub;
  approvals.events.on(
    "requested",
    ({ approval }) => broadcast.send("exec.approval.requested", eventOf(approval)),
    owner,
  );
  approvals.events.on(
    "resolved",
    ({ approval }) => {
      // Silence is not announced: whoever shows a question knows its end.
      if (approval.status === "expired") return;
      const { id, decision, resolver, resolvedAtMs } = approval;
      const { request } = eventOf(approval);
      const ts = resolvedAtMs ?? clock.now();
      broadcast.send("exec.approval.resolved", {
        ...{ id, decision: decision ?? "deny", resolvedBy: nameOf(hub, resolver), ts, request },
      });
    },
    owner,
  );
  questions.events.on(
    "requested",
    ({ question }) => broadcast.send("question.requested", wireQuestion(question)),
    owner,
  );
  questions.events.on(
    "resolved",
    ({ question }) => broadcast.send("question.resolved", { id: question.id, ...outcomeOf(question) }),
    owner,
  );
  configFile.events.on(
    "changed",
    ({ path, hash }) => broadcast.send("config.changed", { path, hash, ts: clock.now() }),
    owner,
  );
  hub.owner.events.on(
    "prefsChanged",
    ({ keys }) => broadcast.send("users.prefs.changed", { profileId: OWNER_ID, keys }),
    owner,
  );
}

/** The name of the device that decided, as people know it. */
function nameOf({ devices }: GatewayServices, principal: string | undefined): string | null {
  if (principal === undefined) return null;
  const deviceId = principal.slice(principal.indexOf(":") + 1);
  return devices.get(deviceId)?.displayName ?? principal;
}
