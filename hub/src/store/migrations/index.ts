import type { Migration } from "../migrate.ts";
import { devices } from "./001-devices.ts";
import { audit } from "./002-audit.ts";
import { commands } from "./003-commands.ts";
import { inbox } from "./004-inbox.ts";
import { turns } from "./005-turns.ts";
import { timersAndTasks } from "./006-timers-tasks.ts";
import { settings } from "./007-settings.ts";
import { deviceSetups } from "./008-device-setups.ts";
import { setupCodeReach } from "./009-setup-code-reach.ts";
import { sessions } from "./010-sessions.ts";
import { agentRuns } from "./011-agent-runs.ts";
import { sessionNotes } from "./012-session-notes.ts";
import { approvals } from "./013-approvals.ts";
import { questions } from "./014-questions.ts";
import { owner } from "./015-owner.ts";
import { cron } from "./016-cron.ts";
import { sent } from "./017-sent.ts";
import { speech } from "./018-speech.ts";
import { nodeWork } from "./019-node-work.ts";
import { redo } from "./020-redo.ts";
import { linkTokens } from "./022-link-tokens.ts";
import { commandKeys } from "./023-command-keys.ts";
import { retainedConfig } from "./025-retained-config.ts";
import { fleet } from "./026-fleet.ts";
import { beads } from "./030-beads.ts";
import { beadSettings } from "./031-bead-settings.ts";
import { convoys } from "./032-convoys.ts";
import { rigs } from "./033-rigs.ts";
import { workers } from "./034-workers.ts";
import { hooks } from "./035-hooks.ts";
import { mail } from "./036-mail.ts";
import { roles } from "./037-roles.ts";
import { refinery } from "./038-refinery.ts";
import { formulas } from "./039-formulas.ts";

/** Every migration of the hub; each aggregate brings its own file and is the only one to write its tables. */
export const MIGRATIONS: readonly Migration[] = [
  devices,
  audit,
  commands,
  inbox,
  turns,
  timersAndTasks,
  settings,
  deviceSetups,
  setupCodeReach,
  approvals,
  questions,
  owner,
  sessions,
  agentRuns,
  sessionNotes,
  nodeWork,
  linkTokens,
  commandKeys,
  cron,
  sent,
  speech,
  beads,
  beadSettings,
  redo,
  retainedConfig,
  fleet,
  convoys,
  mail,
  formulas,
  roles,
  rigs,
  refinery,
  workers,
  hooks,
];
