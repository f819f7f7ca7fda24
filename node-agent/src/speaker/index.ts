export { Speaker, type SpeakerParts, type SpeechTimes } from "./speaker.ts";
