import { encodeWav, SAMPLE_RATE } from "@barnacle/hardware/audio";
import { type Sound, soundFromWav } from "@barnacle/hardware/voice";
import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import type { Speaker } from "../speaker/index.ts";
import { type Command, command } from "./command.ts";

/** Base64 text; what is larger does not fit a message. */
const MOST_WAV_TEXT = 500_000;
const LONGEST_TONE_MS = 10_000;
const FADE_MS = 5;
const TONE_LEVEL = 0.3 * 32_767;

export interface SoundParts {
  readonly speaker: Speaker;
  /** Why nothing can be played, or spoken. */
  readonly playerMissing: () => string | undefined;
  readonly voiceMissing: () => string | undefined;
  /** Resolves when nobody is being listened to. */
  readonly quiet: () => Promise<void>;
  readonly mute: (muted: boolean) => Promise<void>;
  readonly muted: () => boolean;
  /** Switches that keep it closed whatever is wished. */
  readonly mutedBy: () => readonly string[];
  readonly microphoneMissing: () => string | undefined;
  readonly name: string;
}

/** Loudspeaker, voice, microphone switch. */
export function soundCommands(parts: SoundParts): Command[] {
  const { speaker, quiet } = parts;
  const say = async (text: string, expired: () => boolean) => {
    await quiet();
    const { completed } = await speaker.say(text, () => !expired());
    return { spoken: completed };
  };
  return [
    command({
      spec: { name: "audio.play", idempotent: false, timeoutMs: 60_000, summary: "play a WAV file or a tone" },
      params: Type.Object({
        wav: Type.Optional(Type.String({ minLength: 60, maxLength: MOST_WAV_TEXT, description: "base64" })),
        tone: Type.Optional(
          Type.Object({
            hz: Type.Number({ minimum: 20, maximum: 8000 }),
            ms: Type.Integer({ minimum: 10, maximum: LONGEST_TONE_MS }),
          }),
        ),
      }),
      unavailable: parts.playerMissing,
      run: async ({ wav, tone }, call) => {
        const sound = soundOf(wav, tone);
        await quiet();
        const { completed } = await speaker.play(sound, () => !call.expired());
        return { completed, durationMs: Math.round(sound.durationMs) };
      },
    }),
    command({
      spec: { name: "audio.stop", idempotent: true, summary: "cut short what is playing" },
      params: Type.Object({}),
      unavailable: parts.playerMissing,
      run: async () => {
        const wasPlaying = speaker.active;
        speaker.hush();
        return { stopped: wasPlaying };
      },
    }),
    command({
      spec: { name: "audio.mute", idempotent: true, summary: "close or open the microphone" },
      params: Type.Object({ muted: Type.Boolean() }),
      unavailable: parts.microphoneMissing,
      run: async ({ muted }) => {
        await parts.mute(muted);
        const by = parts.mutedBy();
        return { muted: parts.muted(), ...(by.length === 0 ? {} : { by: [...by] }) };
      },
      already: async ({ muted }) => (parts.muted() === muted ? { muted } : undefined),
    }),
    command({
      spec: { name: "talk.speak", idempotent: false, timeoutMs: 60_000, summary: "say a text" },
      params: Type.Object({ text: Type.String({ minLength: 1, maxLength: 4000 }) }),
      unavailable: parts.voiceMissing,
      run: ({ text }, call) => say(text, call.expired),
    }),
    command({
      spec: { name: "device.identify", idempotent: true, timeoutMs: 30_000, summary: "say which node this is" },
      params: Type.Object({}),
      unavailable: parts.voiceMissing,
      run: (_, call) => say(`This is ${parts.name}.`, call.expired),
    }),
  ];
}

function soundOf(wav: string | undefined, tone: { hz: number; ms: number } | undefined): Sound {
  if (wav !== undefined && tone === undefined) {
    return soundFromWav(Buffer.from(wav, "base64"), "wav");
  }
  if (tone !== undefined && wav === undefined) {
    return { wav: encodeWav(sine(tone)), sampleRate: SAMPLE_RATE, channels: 1, durationMs: tone.ms };
  }
  throw new BarnacleError("COMMAND_PARAMS", "audio.play: either wav or tone was expected");
}

/** Faded in and out, so that it does not click. */
function sine({ hz, ms }: { hz: number; ms: number }): Int16Array {
  const length = Math.round((ms * SAMPLE_RATE) / 1000);
  const fade = Math.round((FADE_MS * SAMPLE_RATE) / 1000);
  return Int16Array.from({ length }, (_, i) => {
    const gain = Math.min(1, i / fade, (length - 1 - i) / fade);
    return Math.round(TONE_LEVEL * gain * Math.sin((2 * Math.PI * hz * i) / SAMPLE_RATE));
  });
}
