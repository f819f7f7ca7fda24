import { Type } from "@sinclair/typebox";
import type { Speaker } from "../speaker/index.ts";
import { type Command, command } from "./command.ts";

export interface TalkParts {
  readonly speaker: Speaker;
  /** Why nobody can be listened to, or nothing said. */
  readonly earsMissing: () => string | undefined;
  readonly voiceMissing: () => string | undefined;
  /** Listens as after a wake phrase. @returns false when it is busy with somebody already */
  readonly listen: () => boolean;
  /** Takes what was said so far as the whole. @returns false when nobody is listened to */
  readonly finish: () => boolean;
  /** Forgets what was said so far. @returns false when nobody is listened to */
  readonly cancel: () => boolean;
  /** Ends an answer that is being given. */
  readonly stopTalking: () => boolean;
  readonly quiet: () => Promise<void>;
}

/** Talk by remote hand, in the words of OpenClaw's own nodes. */
export function talkCommands(parts: TalkParts): Command[] {
  const { speaker } = parts;
  const params = Type.Object({});
  const ears = (name: string, summary: string, run: () => boolean, said: string): Command =>
    command({
      spec: { name, idempotent: false, summary },
      params,
      unavailable: parts.earsMissing,
      run: async () => ({ [said]: run() }),
    });
  return [
    ears("talk.start", "listen now, as after a wake phrase", parts.listen, "listening"),
    ears("talk.ptt.start", "push to talk: begin to listen", parts.listen, "listening"),
    ears("talk.ptt.once", "push to talk: listen to one sentence", parts.listen, "listening"),
    ears("talk.ptt.stop", "push to talk: what was said is the whole", parts.finish, "finished"),
    ears("talk.ptt.cancel", "push to talk: forget what was said", parts.cancel, "cancelled"),
    command({
      spec: { name: "talk.stop", idempotent: true, summary: "fall silent, and forget the answer that was being given" },
      params,
      unavailable: parts.voiceMissing,
      run: async () => {
        const speaking = speaker.active;
        const answering = parts.stopTalking();
        speaker.hush();
        return { stopped: speaking || answering };
      },
    }),
    command({
      spec: { name: "system.notify", idempotent: false, timeoutMs: 60_000, summary: "say a notification" },
      params: Type.Object({
        title: Type.Optional(Type.String({ maxLength: 500 })),
        body: Type.Optional(Type.String({ maxLength: 4000 })),
      }),
      unavailable: parts.voiceMissing,
      run: async ({ title = "", body = "" }, call) => {
        await parts.quiet();
        const text = [title.trim(), body.trim()].filter(Boolean).join(". ");
        const { completed } = await speaker.say(text === "" ? "There is a notification." : text, () => !call.expired());
        return { spoken: completed };
      },
    }),
  ];
}
