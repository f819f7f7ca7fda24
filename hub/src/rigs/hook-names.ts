/** What git calls in every worktree of a rig. */
export const GIT_HOOKS = [
  ...(["pre-commit", "prepare-commit-msg", "post-commit"] as const),
  ...(["pre-push", "post-checkout", "post-merge"] as const),
] as const;
export type GitHook = (typeof GIT_HOOKS)[number];

/** How a rig's git hooks are, as long as nobody says otherwise. */
export const HOOK_DEFAULTS = {
  enabled: true,
  pre_commit: "",
  pre_push: "",
  bead_trailer: true,
  user_path: "",
} as const;
