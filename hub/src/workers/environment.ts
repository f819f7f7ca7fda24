import type { Runner } from "./presets.ts";

/** What every program may know of where it runs. The hub's own variables and everybody's secrets are not among it. */
const COMMON = ["HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "SHELL", "TERM", "TMPDIR", "TZ", "USER"];

export interface WorkerFacts {
  readonly address: string;
  readonly role: string;
  readonly rig?: string | undefined;
  readonly bead?: string | undefined;
  readonly worktree?: string | undefined;
  readonly stateDir: string;
  readonly token: string;
  readonly runId: string;
  /** Where `barnacle` lies. */
  readonly bin: string;
}

/** The environment of a worker: an allow-list of the hub's, what its runner asks for by name, and who it is. */
export function environmentOf(
  hub: Readonly<Record<string, string | undefined>>,
  runner: Pick<Runner, "passEnv" | "env">,
  facts: WorkerFacts,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name of [...COMMON, ...runner.passEnv]) {
    const value = hub[name];
    if (value !== undefined && !name.startsWith("BARNACLE_")) result[name] = value;
  }
  const email = `${facts.address.replace(/\/$/, "").replaceAll("/", ".")}@barnacle.invalid`;
  const own: Record<string, string | undefined> = {
    PATH: `${facts.bin}:${hub.PATH ?? "/usr/local/bin:/usr/bin:/bin"}`,
    ...{ GIT_AUTHOR_NAME: facts.address, GIT_AUTHOR_EMAIL: email },
    ...{ GIT_COMMITTER_NAME: facts.address, GIT_COMMITTER_EMAIL: email, GIT_TERMINAL_PROMPT: "0" },
    ...runner.env,
    ...{ BARNACLE_ACTOR: facts.address, BD_ACTOR: facts.address, BARNACLE_ROLE: facts.role },
    ...{ BARNACLE_RIG: facts.rig, BARNACLE_BEAD: facts.bead, BARNACLE_WORKTREE: facts.worktree },
    ...{ BARNACLE_STATE_DIR: facts.stateDir, BARNACLE_AGENT_TOKEN: facts.token, BARNACLE_RUN: facts.runId },
  };
  for (const [name, value] of Object.entries(own)) if (value !== undefined) result[name] = value;
  return result;
}
