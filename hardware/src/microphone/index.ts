export {
  createMicrophone,
  MICROPHONE_DRIVERS,
  type MicrophoneDriver,
  type MicrophoneInfo,
  type MicrophoneOptions,
  microphoneInfos,
} from "./create.ts";
export { FakeMicrophone } from "./fake.ts";
export type { Microphone, MicrophoneListener, MicrophoneState, MicrophoneStatus } from "./port.ts";
export { WavMicrophone, type WavOptions } from "./wav.ts";
