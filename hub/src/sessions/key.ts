import { BarnacleError } from "@barnacle/protocol/errors";

/** The agent that is there without being configured, and the rest of the key of an agent's main session. */
export const MAIN = "main";
const MAX_KEY = 300;
const AGENT_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;

export interface SessionKey {
  /** `agent:<agentId>:<rest>` */
  readonly key: string;
  readonly agentId: string;
  /** `main`, `room:kitchen`, `hook:<uuid>`, … */
  readonly rest: string;
}

/**
 * `main`, a bare key or `agent:<id>:<rest>`, in any case, to the one form that everything is stored under. Nothing is the main
 * session. Source: gateway protocol 3, "sessions": a bare key belongs to the default agent.
 * @throws INPUT_INVALID
 */
export function sessionKey(given: string | undefined, agentId: string = MAIN): SessionKey {
  const text = (given ?? "").trim().toLowerCase();
  if (text.length > MAX_KEY || hasControls(text)) {
    throw new BarnacleError(
      "INPUT_INVALID",
      `invalid session key: expected up to ${MAX_KEY} characters without controls`,
    );
  }
  const [, named, rest] = /^agent:([^:]*):(.+)$/.exec(text) ?? [];
  const agent = (named ?? agentId).toLowerCase();
  if (!AGENT_ID.test(agent)) {
    throw new BarnacleError("INPUT_INVALID", `invalid session key: "${agent.slice(0, 80)}" is no agent id`);
  }
  const own = rest ?? (text === "" ? MAIN : text);
  return { key: `agent:${agent}:${own}`, agentId: agent, rest: own };
}

function hasControls(text: string): boolean {
  for (const char of text) if (char < " " || char === "\u007f") return true;
  return false;
}
