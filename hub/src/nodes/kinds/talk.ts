import { hasCode } from "@barnacle/protocol/errors";
import { type TSchema, Type } from "@sinclair/typebox";
import { pictures } from "../../agent/index.ts";
import type { Principal, RunAttachment } from "../../services.ts";
import { type EventParts, type EventSource, HANDLED, type Kind, kind } from "./kind.ts";

/** Apps write null for what they do not have. */
const maybe = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));

const Text = Type.String({ minLength: 1, maxLength: 20_000 });
const Key = Type.String({ maxLength: 500 });

const Transcript = Type.Object({
  text: Text,
  sessionKey: maybe(Key),
  eventId: maybe(Key),
  callId: maybe(Key),
  sequence: maybe(Type.Number()),
  timestamp: maybe(Type.Number()),
});

const AgentRequest = Type.Object({
  message: maybe(Type.String({ maxLength: 20_000 })),
  sessionKey: maybe(Key),
  thinking: maybe(Key),
  deliver: maybe(Type.Boolean()),
  timeoutSeconds: maybe(Type.Number({ minimum: 0, maximum: 86_400 })),
  key: maybe(Type.String({ maxLength: 128 })),
  attachments: maybe(
    Type.Array(Type.Object({ mimeType: Type.String(), fileName: maybe(Type.String()), content: Type.String() }), {
      maxItems: 20,
    }),
  ),
});

const Subscription = Type.Object({ sessionKey: Type.String({ minLength: 1, maxLength: 500 }) });

/** What people say to a node, and which conversations it wants to hear of. */
export const TALK_KINDS: Readonly<Record<string, Kind>> = {
  "voice.transcript": kind(Transcript, async (said, source, parts) => {
    const text = said.text.trim();
    if (text === "") return { handled: false, reason: "invalid_payload" };
    const sessionKey = parts.sessions.canonical(said.sessionKey || undefined);
    const heard = `${sessionKey}\n${fingerprint(said, text)}`;
    if (parts.spoken.isRepeat(heard)) return { handled: true, reason: "duplicate" };
    try {
      await run(parts, source, { runId: `voice-${parts.random.uuid()}`, sessionKey, message: text, thinking: "low" });
    } catch (error) {
      parts.spoken.forget(heard);
      throw error;
    }
    return HANDLED;
  }),
  "agent.request": kind(AgentRequest, async (asked, source, parts) => {
    const message = asked.message?.trim() ?? "";
    const attachments = picturesOf(asked.attachments ?? []);
    if (attachments === undefined) return { handled: false, reason: "invalid_payload" };
    if (message === "" && attachments.length === 0) return { handled: false, reason: "invalid_payload" };
    const { deviceId } = source.device;
    await run(parts, source, {
      runId: asked.key ? `node-${deviceId.slice(0, 12)}-${asked.key}` : `node-${parts.random.uuid()}`,
      sessionKey: parts.sessions.canonical(asked.sessionKey || `node-${deviceId}`),
      message,
      ...(attachments.length === 0 ? {} : { attachments }),
      ...(asked.thinking ? { thinking: asked.thinking } : {}),
      deliver: asked.deliver === true,
      ...(asked.timeoutSeconds ? { timeoutMs: asked.timeoutSeconds * 1000 } : {}),
    });
    return HANDLED;
  }),
  "chat.subscribe": kind(Subscription, ({ sessionKey }, { subscriptions }, { sessions }) => {
    subscriptions.add(sessions.canonical(sessionKey));
    return HANDLED;
  }),
  "chat.unsubscribe": kind(Subscription, ({ sessionKey }, { subscriptions }, { sessions }) => {
    subscriptions.delete(sessions.canonical(sessionKey));
    return HANDLED;
  }),
};

type Request = Omit<Parameters<EventParts["runs"]["start"]>[0], "source" | "principal" | "room">;

/** Whoever asks hears the answer, also when it is an error: the session is subscribed to before the run begins. */
async function run({ runs }: EventParts, { device, subscriptions }: EventSource, request: Request): Promise<void> {
  subscriptions.add(request.sessionKey);
  const { deviceId, displayName, room } = device;
  const where = room === undefined ? {} : { room };
  const principal: Principal = { kind: "voice", id: deviceId, name: displayName, ...where };
  await runs.start({ ...request, source: "voice", principal, ...where });
}

function fingerprint(said: typeof Transcript.static, text: string): string {
  const { eventId, callId, sequence, timestamp } = said;
  if (eventId) return `event ${eventId}`;
  if (callId) return `call ${callId} ${sequence ?? ""}`;
  return typeof timestamp === "number" ? `at ${timestamp} ${text}` : `text ${text}`;
}

/** Undefined when one of them is no picture. */
function picturesOf(given: Parameters<typeof pictures>[0]): RunAttachment[] | undefined {
  try {
    return pictures(given);
  } catch (error) {
    if (hasCode(error, "INPUT_INVALID")) return undefined;
    throw error;
  }
}
