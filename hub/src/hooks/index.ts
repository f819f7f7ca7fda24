/** What hangs on whose hook, from sling to done. */
export { type DoneParams, type HookEvent, Hooks, type HooksOptions, type Recovered } from "./hooks.ts";
export type { ConvoyPort, GitPort, HookRigs, PostPort, Submit, WorkersPort } from "./ports.ts";
export { type Exit, type Hook, type HookEnd, type HookOptions, HookReads } from "./record.ts";
export type { SlingParams, Slung } from "./sling.ts";
