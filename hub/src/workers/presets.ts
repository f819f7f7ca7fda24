/** How a command-line agent is started. `{prompt}` and `{repo}` (the rig's repository) are replaced in arguments. */
export interface Runner {
  readonly name: string;
  readonly argv: readonly string[];
  /** In the place of `argv` when the agent goes on with what it began in this worktree. */
  readonly resume?: readonly string[] | undefined;
  /**
   * How it learns what to do. `protocol`: lines of JSON on standard input, and it answers in lines (see README.md);
   * `stdin`: the prompt is its standard input; `argument`: `{prompt}` stands among the arguments.
   */
  readonly prompt: "protocol" | "stdin" | "argument";
  /** Names of the hub's environment variables that it gets besides the common ones. */
  readonly passEnv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const preset = (
  argv: readonly string[],
  resume: readonly string[] | undefined,
  prompt: Runner["prompt"],
  passEnv: readonly string[],
): Omit<Runner, "name"> => ({ argv, resume, prompt, passEnv, env: {} });

const CLAUDE = ["claude", "-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits"];
const CLAUDE_TOOLS = ["--allowedTools", "Bash(git:*)", "Bash(barnacle:*)"];
const CODEX = ["--sandbox", "workspace-write", "--add-dir", "{repo}", "--json"];

/**
 * Agents that run without a terminal: one prompt, work, end. Each may edit its worktree, commit, and call `barnacle`; what
 * else it may run is its own configuration's business. Source: each tool's command-line reference, November 2026.
 */
export const PRESETS: Readonly<Record<string, Omit<Runner, "name">>> = {
  claude: preset([...CLAUDE, ...CLAUDE_TOOLS], [...CLAUDE, "--continue", ...CLAUDE_TOOLS], "stdin", [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CONFIG_DIR",
  ]),
  codex: preset(["codex", "exec", ...CODEX, "-"], ["codex", "exec", ...CODEX, "resume", "--last", "-"], "stdin", [
    "OPENAI_API_KEY",
    "CODEX_API_KEY",
    "CODEX_HOME",
  ]),
  gemini: preset(
    ["gemini", "--approval-mode", "yolo", "--output-format", "stream-json"],
    ["gemini", "--approval-mode", "yolo", "--output-format", "stream-json", "--resume", "latest"],
    "stdin",
    ["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT", "GOOGLE_APPLICATION_CREDENTIALS"],
  ),
  opencode: preset(
    ["opencode", "run", "--auto", "--format", "json", "{prompt}"],
    ["opencode", "run", "--auto", "--format", "json", "--continue", "{prompt}"],
    "argument",
    ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENCODE_CONFIG"],
  ),
  amp: preset(["amp", "-x", "--stream-json"], undefined, "stdin", ["AMP_API_KEY", "AMP_URL"]),
  copilot: preset(
    ["copilot", "-p", "{prompt}", "--allow-all-tools", "--no-ask-user"],
    ["copilot", "-p", "{prompt}", "--allow-all-tools", "--no-ask-user", "--continue"],
    "argument",
    ["COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"],
  ),
  cursor: preset(
    ["cursor-agent", "-p", "--force", "--output-format", "stream-json", "{prompt}"],
    ["cursor-agent", "-p", "--force", "--output-format", "stream-json", "--continue", "{prompt}"],
    "argument",
    ["CURSOR_API_KEY"],
  ),
};
