import { BarnacleError } from "@barnacle/protocol/errors";
import type { GitResult } from "./git.ts";
import { maskUrls } from "./url.ts";

const MOST = 600;

interface Known {
  readonly said: RegExp;
  readonly hint: string;
  readonly code?: "STATE_UNWRITABLE";
}

const KNOWN: readonly Known[] = [
  {
    // Of a file that does not fit any more git says only that it could not write it.
    said: /no space left on device|disk quota exceeded|unable to write (?:file|new)|write error|cannot write/i,
    code: "STATE_UNWRITABLE",
    hint: "Most likely the disk is full. Free some space, then try again; nothing half-done is kept.",
  },
  {
    said: /could not read Username|could not read Password|Authentication failed|terminal prompts disabled/i,
    hint: "The origin asks who you are. Give the address with user and token once, or set a credential helper of git.",
  },
  {
    said: /Permission denied \(publickey|Host key verification failed/i,
    hint: "Ssh could not log in. Try `ssh -o BatchMode=yes HOST` as the user that runs the hub.",
  },
  {
    said: /transport '.*' not allowed/i,
    hint: "Only file, https, ssh and git addresses are taken.",
  },
  {
    said: /Could not resolve host|Connection refused|Connection timed out|Network is unreachable/i,
    hint: "The origin cannot be reached; check the network and the address.",
  },
  {
    said: /does not appear to be a git repository|Repository not found|not found|does not exist/i,
    hint: "Check the address: there is no repository, or you may not see it.",
  },
  {
    said: /\.lock': File exists/i,
    hint: "A git process that died left a lock; when none runs, remove the named file.",
  },
  {
    said: /Permission denied|unable to create|Read-only file system/i,
    code: "STATE_UNWRITABLE",
    hint: "Check who owns the named directory.",
  },
];

/** What git said, without secrets, in a message that names the command and the directory. */
export function gitError(args: readonly string[], cwd: string, { code, stderr, stdout }: GitResult): BarnacleError {
  const said = maskUrls(stderr.trim() === "" ? stdout : stderr);
  const lines = said
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^(hint|remote: (Counting|Compressing)):?/.test(line));
  const telling = lines.filter((line) => /^(fatal|error|! \[|remote: error)/.test(line.trim()));
  const text = (telling.length > 0 ? telling : lines.slice(-4)).join("; ").slice(0, MOST);
  const known = KNOWN.find((one) => one.said.test(said));
  return new BarnacleError(known?.code ?? "GIT_FAILED", `git ${args[0]} in ${cwd}: ${text || `code ${code}`}`, {
    ...(known ? { hint: known.hint } : {}),
    details: { command: String(args[0]), cwd, code },
  });
}
