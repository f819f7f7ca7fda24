import type { Family } from "../session.ts";
import { agentsFamily, peekFamily, polecatFamily } from "./agents.ts";
import { beadFamily } from "./bead.ts";
import { convoyFamily } from "./convoy.ts";
import { crewFamily } from "./crew.ts";
import { doneFamily, handoffFamily } from "./done.ts";
import { escalateFamily } from "./escalate.ts";
import { estopFamily, thawFamily } from "./estop.ts";
import { feedFamily } from "./feed.ts";
import { cookFamily, formulaFamily } from "./formula.ts";
import { githookFamily } from "./githook.ts";
import { hookFamily, primeFamily } from "./hook.ts";
import { mailFamily } from "./mail.ts";
import { mayorFamily } from "./mayor.ts";
import { mcpFamily } from "./mcp.ts";
import { molFamily } from "./mol.ts";
import { mqFamily } from "./mq.ts";
import { broadcastFamily, dndFamily, notifyFamily, nudgeFamily } from "./nudge.ts";
import { readyFamily } from "./ready.ts";
import { refineryFamily } from "./refinery.ts";
import { rigFamily } from "./rig.ts";
import { schedulerFamily } from "./scheduler.ts";
import { releaseFamily, slingFamily, unslingFamily } from "./sling.ts";
import { deaconFamily, supervisorFamily } from "./supervisor.ts";
import { townFamily } from "./town.ts";
import { witnessFamily } from "./witness.ts";
import { workspaceFamily } from "./workspace.ts";
import { worktreeFamily } from "./worktree.ts";

/** Commands of work. `hub/bin/barnacle.mjs` starts them by a short way; their names stand there too. */
export const WORK_FAMILIES: readonly Family[] = [
  townFamily,
  beadFamily,
  readyFamily,
  convoyFamily,
  estopFamily,
  thawFamily,
  workspaceFamily,
  rigFamily,
  worktreeFamily,
  crewFamily,
  githookFamily,
  slingFamily,
  unslingFamily,
  releaseFamily,
  hookFamily,
  primeFamily,
  doneFamily,
  handoffFamily,
  agentsFamily,
  polecatFamily,
  peekFamily,
  schedulerFamily,
  mayorFamily,
  witnessFamily,
  supervisorFamily,
  deaconFamily,
  mailFamily,
  nudgeFamily,
  broadcastFamily,
  dndFamily,
  notifyFamily,
  escalateFamily,
  mqFamily,
  refineryFamily,
  formulaFamily,
  cookFamily,
  molFamily,
  feedFamily,
  mcpFamily,
];
