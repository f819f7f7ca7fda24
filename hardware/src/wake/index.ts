export { createWakeEngine, DEFAULT_PHRASES, WAKE_ENGINES, type WakeEngineName, type WakeOptions } from "./create.ts";
export { FakeWake } from "./fake.ts";
export { knownWakePhrases, wakeEngineInfos } from "./info.ts";
export { OPENWAKEWORD_PHRASES } from "./openwakeword/models.ts";
export type { ModelInfo, WakeEngine, WakeEngineInfo, WakeHit } from "./port.ts";
