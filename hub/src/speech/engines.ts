import type { VoiceEngines } from "./voices.ts";

/** The synthesisers of this machine; each text is one run of a program. */
export async function machineVoices(): Promise<VoiceEngines> {
  const { createSynthesiser, SYNTHESISERS } = await import("@barnacle/hardware/voice");
  return {
    names: SYNTHESISERS.filter((name) => name !== "fake"),
    available: async (name) => (await createSynthesiser(name).availability()).available,
    synthesise: (name, text, options) => createSynthesiser(name, options).synthesise(text),
  };
}
