import type { AgentEvent } from "../../services.ts";
import { formsOf, keyFor } from "../aliases.ts";
import type { Broadcast, Listener } from "../broadcast.ts";
import type { EventName } from "../events.ts";
import type { GatewayServices } from "../services.ts";
import { messageView, sessionRow } from "../session-views.ts";

/** In `subscriptions`: every session's changes and messages. */
export const ALL_SESSIONS = "*";
/** Wants events of runs only of sessions that it subscribed to. */
const SCOPED = "session-scoped-events";
const TOOLS = "tool-events";

/** Runs and conversations, to those who may hear of them. Source: gateway protocols 3 and 4, "run streams", "caps". */
export function announceAgent(hub: GatewayServices, broadcast: Broadcast, owner: object): void {
  /** Each listener hears the session by the name under which it knows it. */
  const tell = (
    name: EventName,
    payload: { sessionKey: string },
    only: (listener: Listener) => boolean,
    dropIfSlow?: boolean,
  ) => {
    const { sessionKey } = payload;
    for (const form of formsOf(sessionKey)) {
      broadcast.send(
        name,
        { ...payload, sessionKey: form },
        {
          sessionKey,
          ...(dropIfSlow === undefined ? {} : { dropIfSlow }),
          only: (listener) => keyFor(listener, sessionKey) === form && only(listener),
        },
      );
    }
  };
  const hearsRuns = (key: string) => (listener: Listener) =>
    !listener.caps.has(SCOPED) || listener.subscriptions.has(key);

  hub.runs.events.on(
    "agent",
    (event) => {
      const hears = hearsRuns(event.sessionKey);
      if (event.stream !== "tool") tell("agent", event, hears);
      else tell("agent", event, (listener) => hears(listener) && (listener.caps.has(TOOLS) || isVerbose(hub, event)));
    },
    owner,
  );
  hub.runs.events.on(
    "chat",
    // A delta may be missed: the next one has all the text again.
    (event) => tell("chat", event, hearsRuns(event.sessionKey), event.state === "delta"),
    owner,
  );
  hub.sessions.events.on(
    "changed",
    ({ key, reason, session }) => {
      const row = session && sessionRow(hub, session, { derivedTitle: true, lastMessage: true });
      const agentId = key.split(":")[1];
      const payload = { sessionKey: key, agentId, reason, ts: hub.clock.now(), ...(row ? { session: row } : {}) };
      tell("sessions.changed", payload, ({ subscriptions }) => subscriptions.has(ALL_SESSIONS));
    },
    owner,
  );
  hub.sessions.events.on(
    "message",
    ({ session, message }) => {
      const { key, agentId } = session;
      const payload = {
        ...{ sessionKey: key, agentId, message: messageView(message), messageId: message.id, messageSeq: message.seq },
        ...(message.runId === undefined ? {} : { runId: message.runId }),
        session: sessionRow(hub, session, { derivedTitle: true, lastMessage: true }),
      };
      tell(
        "session.message",
        payload,
        ({ subscriptions }) => subscriptions.has(ALL_SESSIONS) || subscriptions.has(key),
      );
    },
    owner,
  );
}

function isVerbose({ sessions }: GatewayServices, { sessionKey }: AgentEvent): boolean {
  const level = sessions.get(sessionKey)?.settings.verboseLevel;
  return level === "on" || level === "full";
}
