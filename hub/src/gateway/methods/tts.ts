import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import type { Speech } from "../../services.ts";
import { type Method, type MethodContext, method } from "./method.ts";

const Anything = Type.Unknown();
const Text = Type.Object({
  text: Type.Optional(Type.String()),
  voiceId: Type.Optional(Type.String({ maxLength: 80 })),
});
const KEPT = {
  partial: "kept and shown; what a node heard is answered aloud either way",
} as const;
const NO_PERSONAS = { partial: "there are no personas: a voice is a program of this machine" } as const;

export const ttsMethods: readonly Method[] = [
  method({
    name: "tts.status",
    access: "read",
    params: Anything,
    async run(_params, { hub }) {
      const { enabled, provider, providers } = await hub.voices.status();
      const others = providers.filter(({ id, configured }) => configured && id !== provider).map(({ id }) => id);
      return {
        ...{ enabled, auto: enabled ? "inbound" : "off", provider, persona: null, personas: [] },
        ...{ fallbackProvider: others[0] ?? null, fallbackProviders: others, prefsPath: "" },
        ...{ hasOpenAIKey: false, hasElevenLabsKey: false, edgeEnabled: false },
        providerStates: providers.map(({ id, name, configured }) => ({ id, label: name, configured })),
      };
    },
  }),
  method({
    name: "tts.providers",
    access: "read",
    params: Anything,
    async run(_params, { hub }) {
      const { provider, providers } = await hub.voices.status();
      return { providers: providers.map((one) => ({ ...one, models: [], voices: [] })), active: provider };
    },
  }),
  method({
    name: "tts.personas",
    access: "read",
    support: NO_PERSONAS,
    params: Anything,
    run: () => ({ active: null, personas: [] }),
  }),
  method({
    name: "tts.setPersona",
    access: "write",
    support: NO_PERSONAS,
    params: Type.Object({ persona: Type.Optional(Type.Union([Type.String({ maxLength: 80 }), Type.Null()])) }),
    run({ persona }) {
      if (["", "off", "none", "default"].includes((persona ?? "").trim().toLowerCase())) return { persona: null };
      throw new BarnacleError("INPUT_INVALID", "Invalid persona. There are none; `off` is the only choice.");
    },
  }),
  enable("tts.enable", true),
  enable("tts.disable", false),
  method({
    name: "tts.setProvider",
    access: "write",
    records: "config",
    params: Type.Object({ provider: Type.String({ maxLength: 80 }) }),
    run: async ({ provider }, { hub }) => ({ provider: await hub.voices.setProvider(provider) }),
  }),
  method({
    name: "tts.convert",
    access: "write",
    params: Text,
    async run(params, context) {
      const speech = await spoken("tts.convert", params, context);
      const audioPath = await context.hub.voices.file(speech);
      return { audioPath, provider: speech.provider, outputFormat: formatOf(speech), voiceCompatible: false };
    },
  }),
  method({
    name: "tts.speak",
    access: "write",
    params: Text,
    run: async (params, context) => inline(await spoken("tts.speak", params, context)),
  }),
];

function enable(name: string, enabled: boolean): Method {
  return method({
    name,
    access: "write",
    support: KEPT,
    records: "config",
    params: Anything,
    async run(_params, { hub }) {
      await hub.voices.setEnabled(enabled);
      return { enabled };
    },
  });
}

/** @throws INPUT_INVALID without text */
export async function spoken(
  method: string,
  { text = "", voiceId, rateWpm }: { text?: string; voiceId?: string; rateWpm?: number },
  { hub }: MethodContext,
): Promise<Speech> {
  if (text.trim() === "") throw new BarnacleError("INPUT_INVALID", `${method} requires text`);
  return hub.voices.speak(text, {
    ...(voiceId === undefined || voiceId === "" ? {} : { voice: voiceId }),
    ...(rateWpm === undefined ? {} : { wordsPerMinute: rateWpm }),
  });
}

/** Speech in the answer itself. */
export function inline(speech: Speech) {
  return {
    ...{ audioBase64: speech.wav.toString("base64"), provider: speech.provider, outputFormat: formatOf(speech) },
    ...{ mimeType: "audio/wav", fileExtension: ".wav" },
  };
}

function formatOf({ sampleRate }: Speech): string {
  return `wav_${sampleRate}`;
}
