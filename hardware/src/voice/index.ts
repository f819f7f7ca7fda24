export { type Spawn, systemSpawn } from "./command.ts";
export {
  createPlayer,
  createSynthesiser,
  PLAYERS,
  type PlayerOptions,
  SYNTHESISERS,
  type SynthesiserOptions,
  type VoiceInfo,
  voiceInfos,
} from "./create.ts";
export { FakePlayer, FakeSynthesiser } from "./fake.ts";
export type { Player, Sound, Synthesiser } from "./port.ts";
export { soundFromWav } from "./sound.ts";
export { MAX_TEXT_LENGTH, speakable } from "./text.ts";
