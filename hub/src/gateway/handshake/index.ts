export { type Admission, type AuthOutcome, GatewayAuth } from "./admission.ts";
export { helloOf, MAX_FRAME_BYTES, TICK_MS } from "./hello.ts";
export type { Challenge } from "./proof.ts";
export { SharedSecrets } from "./secrets.ts";
export { isPhoneApp } from "./setup-profiles.ts";
