export { machineVoices } from "./engines.ts";
export { RecognisedTalk, type RecognisedTalkOptions } from "./talk-sessions.ts";
export { HubVoices, type VoiceEngines } from "./voices.ts";
