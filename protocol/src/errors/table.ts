/**
 * Every failure Barnacle can name. Code, log line, CLI message, gateway error and HTTP status all come from this table;
 * `protocol/ERRORS.md` is tested against it. One table, however long: it is looked up and compared as a whole.
 *
 * - `summary`: what went wrong, in general; the thrown message says what exactly.
 * - `hint`: what the reader can do next.
 * - `retryable`: the same request may succeed later without a change.
 * - `http`: status on the HTTP surface.
 * - `gateway`: the code on the gateway's wire, which knows only seven; two of them only since protocol 4.
 */
export interface ErrorEntry {
  readonly summary: string;
  readonly hint: string;
  readonly retryable: boolean;
  readonly http: number;
  readonly gateway: GatewayErrorCode;
}

export type GatewayErrorCode =
  | "INVALID_REQUEST"
  | "NOT_PAIRED"
  | "FORBIDDEN"
  | "UNAVAILABLE"
  | "APPROVAL_NOT_FOUND"
  | "NOT_LINKED"
  | "AGENT_TIMEOUT";

function entry(summary: string, hint: string, http: number, gateway: GatewayErrorCode, retryable = false): ErrorEntry {
  return { summary, hint, retryable, http, gateway };
}

export const ERROR_TABLE = {
  // Input and configuration
  USAGE: entry("The command line was not understood.", "Run the command with --help.", 400, "INVALID_REQUEST"),
  CONFIG_INVALID: entry(
    "The configuration is not valid.",
    "Correct the named key; `barnacle config schema` lists them all.",
    400,
    "INVALID_REQUEST",
  ),
  INPUT_INVALID: entry("A value has the wrong shape.", "Correct the named member.", 400, "INVALID_REQUEST"),
  AUDIO_FORMAT: entry(
    "The audio is not 16 kHz, mono, signed 16-bit PCM WAV.",
    "Convert it: sox IN -r 16000 -c 1 -b 16 OUT.wav",
    400,
    "INVALID_REQUEST",
  ),
  FILE_UNREADABLE: entry("A file could not be read.", "Check the path and its permissions.", 400, "INVALID_REQUEST"),
  STATE_UNWRITABLE: entry(
    "The state directory cannot be written.",
    "Check its owner and the free space; choose another with --state-dir.",
    500,
    "UNAVAILABLE",
    true,
  ),
  STATE_LOCKED: entry(
    "Another process already uses this state directory.",
    "Stop it, or choose another directory with --state-dir.",
    409,
    "UNAVAILABLE",
  ),
  STATE_DAMAGED: entry(
    "The database in the state directory is damaged.",
    "Restore it from a backup; keep the damaged file for inspection.",
    500,
    "UNAVAILABLE",
  ),
  STATE_NEWER: entry(
    "The state directory was written by a newer version.",
    "Update Barnacle, or choose another directory with --state-dir.",
    409,
    "UNAVAILABLE",
  ),
  PORT_BUSY: entry(
    "A port is already in use.",
    "Stop the other program, or choose a port with --port or --mqtt-port (0 picks a free one).",
    409,
    "UNAVAILABLE",
  ),
  BIND_REFUSED: entry("The address cannot be bound.", "Use --bind loopback or --bind lan.", 400, "INVALID_REQUEST"),
  MESSAGE_MALFORMED: entry(
    "A message from outside does not fit its schema.",
    "Check the sender's version; the hub counts these per topic.",
    400,
    "INVALID_REQUEST",
  ),
  MESSAGE_EXPIRED: entry("A message arrived after its expiry.", "Check both clocks and the link.", 408, "UNAVAILABLE"),
  // Identity, pairing, access
  IDENTITY_INVALID: entry(
    "The device identity is damaged or does not match its key.",
    "Restore the key file from a backup, or delete it and pair again.",
    400,
    "INVALID_REQUEST",
  ),
  UNAUTHORIZED: entry(
    "The token is missing or wrong.",
    "Pass --token, set BARNACLE_TOKEN, or run on the hub's machine.",
    401,
    "INVALID_REQUEST",
  ),
  CERTIFICATE_MISMATCH: entry(
    "The hub's certificate is not one that this client trusts.",
    "Give the fingerprint that `barnacle status` shows on the hub's machine: --fingerprint or BARNACLE_FINGERPRINT.",
    502,
    "UNAVAILABLE",
  ),
  FORBIDDEN: entry(
    "The caller may not do this.",
    "Ask for a wider scope, or use an operator that has it.",
    403,
    "FORBIDDEN",
  ),
  NOT_PAIRED: entry(
    "The device is not paired with this hub.",
    "Approve it with `barnacle devices approve`, or give it a setup code.",
    403,
    "NOT_PAIRED",
    true,
  ),
  PAIRING_CODE_WRONG: entry(
    "The setup code is wrong, used or expired.",
    "Make a new one with `barnacle devices code`.",
    403,
    "INVALID_REQUEST",
  ),
  PAIRING_LOCKED: entry(
    "Too many wrong setup codes.",
    "Wait for the lock to end, or approve the device by hand.",
    429,
    "UNAVAILABLE",
    true,
  ),
  PAIRING_REJECTED: entry(
    "An operator rejected this device.",
    "Ask the operator; a rejected request can be made again.",
    403,
    "NOT_PAIRED",
  ),
  DEVICE_BLOCKED: entry("The device is blocked.", "Unblock it with `barnacle devices unblock`.", 403, "NOT_PAIRED"),
  PROOF_INVALID: entry(
    "The device did not prove possession of its key.",
    "Check the device's clock and key; a replayed proof is refused.",
    401,
    "INVALID_REQUEST",
  ),
  // Devices and commands
  DEVICE_UNKNOWN: entry("No such device.", "List them with `barnacle devices list`.", 404, "INVALID_REQUEST"),
  DEVICE_OFFLINE: entry(
    "The device is not connected.",
    "Check its power and network; `barnacle devices show` tells when it was last seen.",
    503,
    "UNAVAILABLE",
    true,
  ),
  REQUEST_UNKNOWN: entry(
    "No such pairing request.",
    "List them with `barnacle devices pending`.",
    404,
    "INVALID_REQUEST",
  ),
  ROUTE_NONE: entry("No device can do this now.", "See why with `barnacle route explain`.", 503, "UNAVAILABLE", true),
  COMMAND_UNKNOWN: entry(
    "The device does not offer this command.",
    "See its commands with `barnacle devices show`.",
    400,
    "INVALID_REQUEST",
  ),
  COMMAND_PARAMS: entry("The command's parameters are wrong.", "Correct the named parameter.", 400, "INVALID_REQUEST"),
  COMMAND_TIMEOUT: entry(
    "The device did not answer in time.",
    "Try again; a repeated idempotency key is never executed twice.",
    504,
    "UNAVAILABLE",
    true,
  ),
  COMMAND_FAILED: entry("The device tried and failed.", "See the device's own message.", 502, "UNAVAILABLE"),
  COMMAND_OUTCOME_UNKNOWN: entry(
    "The command was begun and its result was lost, so whether it took effect is not known.",
    "Look at the device, then send it again under a new key.",
    502,
    "UNAVAILABLE",
  ),
  APPROVAL_UNKNOWN: entry(
    "No such approval.",
    "It may have been answered or have expired; list the pending ones.",
    404,
    "INVALID_REQUEST",
  ),
  POLICY_DENIED: entry(
    "The policy does not allow this.",
    "See the rule with `barnacle policy explain`.",
    403,
    "INVALID_REQUEST",
  ),
  ESTOPPED: entry(
    "An emergency stop holds, so nothing is begun.",
    "See why with `barnacle estop status`; `barnacle thaw` lifts it.",
    423,
    "UNAVAILABLE",
    true,
  ),
  AUDIT_UNWRITABLE: entry(
    "The audit record cannot be written, so nothing was done.",
    "Free some disk space.",
    507,
    "UNAVAILABLE",
    true,
  ),
  AUDIT_BROKEN: entry(
    "The audit trail was changed or cut.",
    "Keep the database for inspection; `barnacle audit verify` names the record.",
    500,
    "UNAVAILABLE",
  ),
  // Hardware
  HARDWARE_UNAVAILABLE: entry(
    "A piece of hardware or an engine cannot be used.",
    "`barnacle doctor` says what is missing.",
    503,
    "UNAVAILABLE",
    true,
  ),
  ENGINE_UNKNOWN: entry("No engine of that name.", "The message lists the names.", 400, "INVALID_REQUEST"),
  MODEL_MISSING: entry(
    "A model file is missing.",
    "Install it or set its directory; `barnacle doctor` prints where it is looked for.",
    503,
    "UNAVAILABLE",
  ),
  MODEL_INVALID: entry(
    "A model file cannot be used.",
    "Fetch it again; check that it fits the engine's version.",
    503,
    "UNAVAILABLE",
  ),
  LIBRARY_MISSING: entry("A native library is missing.", "Install the named package.", 503, "UNAVAILABLE"),
  LICENCE_KEY: entry(
    "The engine's access key is missing or refused.",
    "Set wake.accessKey; the key itself is never printed.",
    503,
    "UNAVAILABLE",
  ),
  DEVICE_LOST: entry(
    "A device went away while it was in use.",
    "Nothing: it is retried until it returns.",
    503,
    "UNAVAILABLE",
    true,
  ),
  // Voice
  NOT_UNDERSTOOD: entry(
    "No sentence of the household was recognised.",
    "Say `help`, or see `barnacle ask help`.",
    422,
    "INVALID_REQUEST",
  ),
  NO_SPEECH: entry(
    "Nothing was said after the wake phrase.",
    "Speak within a few seconds of it.",
    422,
    "INVALID_REQUEST",
  ),
  NO_WAKE: entry(
    "No wake phrase was heard.",
    "Check the phrase with `barnacle wake get` and the file with `barnacle wake test`.",
    422,
    "INVALID_REQUEST",
  ),
  APPLIANCE_UNKNOWN: entry(
    "No such thing in this household.",
    "List what there is with `barnacle ask help`.",
    404,
    "INVALID_REQUEST",
  ),
  // Agents
  LLM_UNREACHABLE: entry(
    "The language model's endpoint cannot be reached.",
    "Check agent.model.baseUrl, and that the server behind it runs.",
    502,
    "UNAVAILABLE",
    true,
  ),
  LLM_REFUSED: entry(
    "The language model's endpoint refused the request.",
    "The message has its status; check the key, the model's name and its limits.",
    502,
    "UNAVAILABLE",
  ),
  LLM_MALFORMED: entry(
    "The language model's endpoint answered with something that is not its protocol.",
    "Check that agent.model.baseUrl is an OpenAI-compatible endpoint, up to and with the version.",
    502,
    "UNAVAILABLE",
  ),
  LLM_SILENT: entry(
    "The language model stopped in the middle of an answer.",
    "Try again; raise agent.model.silenceMs for a slow one.",
    504,
    "UNAVAILABLE",
    true,
  ),
  AGENT_PROGRAM: entry(
    "The program that answers messages failed.",
    "Run agent.command.argv by hand with a JSON line on its standard input.",
    502,
    "UNAVAILABLE",
  ),
  // Wires
  METHOD_NOT_HERE: entry(
    "The method exists in the gateway protocol, and has no meaning on this hub.",
    "See hub/src/gateway/METHODS.md for what is supported.",
    501,
    "UNAVAILABLE",
  ),
  METHOD_UNKNOWN: entry("No such method.", "See features.methods in the hello.", 404, "INVALID_REQUEST"),
  PROTOCOL_MISMATCH: entry("No common protocol version.", "Update the older side.", 400, "INVALID_REQUEST"),
  HUB_UNREACHABLE: entry(
    "The hub cannot be reached.",
    "Start it with `barnacle hub`, or pass --url.",
    503,
    "UNAVAILABLE",
    true,
  ),
  HUB_UNTRUSTED: entry(
    "The hub is not the one that this node knows.",
    "If the hub was set up anew, make a setup code there and start the node with it; otherwise somebody stands in between.",
    403,
    "FORBIDDEN",
  ),
  HUB_NOT_FOUND: entry(
    "No hub was found on the network.",
    "Start one with `barnacle hub --bind lan`, or name it with --hub.",
    503,
    "UNAVAILABLE",
    true,
  ),
  HUB_AMBIGUOUS: entry(
    "Several hubs are on the network.",
    "Choose one with --hub, or use a setup code of that hub.",
    409,
    "INVALID_REQUEST",
  ),
  HUB_STOPPING: entry("The hub is stopping.", "Try again in a moment.", 503, "UNAVAILABLE", true),
  NOT_FOUND: entry("No such thing.", "List what there is.", 404, "INVALID_REQUEST"),
  CRON_JOB_UNKNOWN: entry("No such scheduled job.", "List them with `barnacle cron list`.", 404, "INVALID_REQUEST"),
  RIG_UNKNOWN: entry("No such rig.", "List them with `barnacle rig list`.", 404, "INVALID_REQUEST"),
  RIG_REFUSED: entry(
    "The rig does not allow this now.",
    "The message says why; `barnacle rig show` has its state.",
    409,
    "INVALID_REQUEST",
  ),
  WORKTREE_UNKNOWN: entry("No such worktree.", "List them with `barnacle worktree list`.", 404, "INVALID_REQUEST"),
  WORKTREE_BUSY: entry(
    "The worktree is in use.",
    "Let its agent finish, or take another agent.",
    409,
    "INVALID_REQUEST",
  ),
  WORKTREE_DIRTY: entry(
    "The worktree holds work that is nowhere else, or that nobody has merged.",
    "Commit and submit it; `--force` saves it on a rescue branch first.",
    409,
    "INVALID_REQUEST",
  ),
  WORKTREE_LOST: entry(
    "The directory of a worktree is not where it should be.",
    "Move it back; or `barnacle worktree remove --force`: the branch stays in the rig's repository.",
    409,
    "INVALID_REQUEST",
  ),
  GIT_FAILED: entry("Git refused or failed.", "The message has git's own words.", 502, "UNAVAILABLE"),
  GIT_HOOK_REFUSED: entry(
    "A gate of the rig did not pass.",
    "Correct what it names; `barnacle rig config show` lists the gates.",
    409,
    "INVALID_REQUEST",
  ),
  BEAD_UNKNOWN: entry("No such bead.", "List them with `barnacle bead list --all`.", 404, "INVALID_REQUEST"),
  BEAD_REFUSED: entry(
    "The bead does not allow this now.",
    "The message says why; `barnacle bead show` has its state.",
    409,
    "INVALID_REQUEST",
  ),
  BEAD_NOT_CLAIMABLE: entry(
    "The bead cannot be claimed.",
    "Take another: `barnacle ready`, or `barnacle bead claim --next`.",
    409,
    "INVALID_REQUEST",
  ),
  BEAD_CYCLE: entry(
    "The dependency would close a ring, and none of its beads could ever start.",
    "Remove one of the named dependencies first: `barnacle bead dep remove`.",
    409,
    "INVALID_REQUEST",
  ),
  CONVOY_REFUSED: entry(
    "The convoy does not allow this now.",
    "The message says why; `barnacle convoy status` has its state.",
    409,
    "INVALID_REQUEST",
  ),
  RUNNER_UNKNOWN: entry(
    "No such runner.",
    "Name one under work.runners in the configuration, or use a preset: claude, codex, gemini, opencode, amp.",
    400,
    "INVALID_REQUEST",
  ),
  WORKER_UNKNOWN: entry("No such worker.", "List them with `barnacle agents list`.", 404, "INVALID_REQUEST"),
  WORKER_START: entry(
    "A worker could not be started.",
    "The message says why; run the runner's command by hand in the worktree.",
    502,
    "UNAVAILABLE",
    true,
  ),
  AGENT_TOKEN: entry(
    "The token is not that of a worker.",
    "A worker's token holds while its run does; unset BARNACLE_AGENT_TOKEN to ask as an operator.",
    401,
    "FORBIDDEN",
  ),
  HOOK_TAKEN: entry(
    "Somebody has this work, or this worker has other work.",
    "See `barnacle hook <worker>`; --force takes it over.",
    409,
    "INVALID_REQUEST",
  ),
  HOOK_EMPTY: entry("There is no work on the hook.", "Give it some with `barnacle sling`.", 404, "INVALID_REQUEST"),
  SLING_REFUSED: entry(
    "The bead cannot be given to a worker.",
    "The message says why; `barnacle bead show` has its state.",
    409,
    "INVALID_REQUEST",
  ),
  DONE_REFUSED: entry(
    "The work is not safe yet, so it is not done.",
    "Commit what is named, then say done again.",
    409,
    "INVALID_REQUEST",
  ),
  HANDOFF_TOO_SOON: entry(
    "The worker handed off a moment ago.",
    "Go on with the work; hand off again later.",
    429,
    "UNAVAILABLE",
    true,
  ),
  FORMULA_INVALID: entry(
    "The formula is not valid.",
    "Correct what is named; `barnacle formula check` reads it without doing anything.",
    400,
    "INVALID_REQUEST",
  ),
  CONFLICT: entry(
    "Something changed in between, or exists already.",
    "Read it again, then retry.",
    409,
    "INVALID_REQUEST",
  ),
  MERGE_RED: entry(
    "What was to be merged did not pass the rig's commands.",
    "The message has their last words, the named log all of them.",
    409,
    "INVALID_REQUEST",
  ),
  PUSH_REFUSED: entry(
    "The origin did not take what was merged.",
    "The message has the origin's words; let the refinery push there, or keep merges here: `barnacle rig config set RIG push never`.",
    502,
    "UNAVAILABLE",
  ),
  RATE_LIMITED: entry("Too many requests.", "Wait a little, then try again.", 429, "UNAVAILABLE", true),
  TIMEOUT: entry("An operation took too long.", "Try again.", 504, "UNAVAILABLE", true),
  INTERNAL: entry("A fault in Barnacle itself.", "Report it with the log lines around it.", 500, "UNAVAILABLE"),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_TABLE;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERROR_TABLE, value);
}
