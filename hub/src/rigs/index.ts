/** Repositories under management: a bare mirror of each, its prefix, its settings. Only this folder writes their table. */
export { Git, type GitResult, type GitRun, LOCAL_MS, REMOTE_MS } from "./git.ts";
export { GIT_HOOKS, type GitHook } from "./hook-names.ts";
export { type HookPlan, hookPlan } from "./hook-plan.ts";
export { HOOK_PROGRAM, type HookProgram } from "./hook-scripts.ts";
export { lookingGit } from "./looking.ts";
export { advance, fetchOrigin, type Standing, standing, worktreeOf } from "./mirror.ts";
export { checkBranch, checkName, checkRigName } from "./names.ts";
export { checkRigPrefix, derivePrefix, prefixOf } from "./prefix.ts";
export { type NewRig, type Pushed, type Refreshed, Rigs, type RigsOptions } from "./rigs.ts";
export { type HookSettings, type MergeQueueSettings, SETTING_KEYS, settingsOf } from "./settings.ts";
export { findRig, listRigs, needRig, type Rig, type RigState, rigByPrefix } from "./table.ts";
export { maskUrls, parseOrigin } from "./url.ts";
