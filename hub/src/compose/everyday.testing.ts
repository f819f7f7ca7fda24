import { FakeRecogniser } from "@barnacle/hardware/speech";
import { seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type { VoiceEngines } from "../speech/index.ts";
import { type EverydayPartsOptions, everydayParts } from "./everyday.ts";

/** A voice that is as long as its text. */
const FAKE_VOICES: VoiceEngines = {
  names: ["flat", "mute"],
  available: async (name) => name === "flat",
  synthesise: async (_name, text) => ({
    wav: Buffer.from(`RIFF ${text}`),
    sampleRate: 16_000,
    durationMs: text.length,
  }),
};

export type Everyday = ReturnType<typeof everydayParts>["services"];

/** The everyday parts on a test's store and runs, started. */
export async function testEveryday(
  t: { teardown(fn: () => unknown): void },
  options: Omit<EverydayPartsOptions, "random" | "log" | "config" | "engines" | "recogniser" | "answersFreely">,
) {
  const parts = everydayParts({
    ...{ random: seededRandom(12), log: silentLog, ...options },
    answersFreely: true,
    engines: async () => FAKE_VOICES,
    recogniser: new FakeRecogniser(),
    config: { cron: { enabled: true }, heartbeat: { every: "0m", target: "none" }, speech: { recogniser: "fake" } },
  });
  for (const unit of parts.units()) {
    await unit.start();
    t.teardown(() => unit.stop());
  }
  return parts.services;
}
