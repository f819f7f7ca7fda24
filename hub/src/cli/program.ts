import type { Command } from "commander";
import { askFamily } from "./commands/ask.ts";
import { auditFamily } from "./commands/audit.ts";
import { configFamily } from "./commands/config.ts";
import { cronFamily } from "./commands/cron.ts";
import { demoFamily } from "./commands/demo.ts";
import { devicesFamily } from "./commands/devices.ts";
import { doctorFamily } from "./commands/doctor.ts";
import { flashFamily } from "./commands/flash.ts";
import { groupsFamily } from "./commands/groups.ts";
import { hubFamily } from "./commands/hub.ts";
import { inboxFamily } from "./commands/inbox.ts";
import { invokeFamily } from "./commands/invoke.ts";
import { jobsFamily } from "./commands/jobs.ts";
import { policyFamily } from "./commands/policy.ts";
import { routeFamily } from "./commands/route.ts";
import { statusFamily } from "./commands/status.ts";
import { transcribeFamily } from "./commands/transcribe.ts";
import { turnsFamily } from "./commands/turns.ts";
import { wakeFamily } from "./commands/wake.ts";
import type { Io } from "./io.ts";
import { programOf } from "./program-of.ts";
import type { Family, Session } from "./session.ts";
import { WORK_FAMILIES } from "./work/families.ts";

/** In the order of `--help`. */
const FAMILIES: readonly Family[] = [
  hubFamily,
  demoFamily,
  statusFamily,
  doctorFamily,
  devicesFamily,
  flashFamily,
  groupsFamily,
  jobsFamily,
  invokeFamily,
  routeFamily,
  askFamily,
  turnsFamily,
  wakeFamily,
  transcribeFamily,
  inboxFamily,
  cronFamily,
  ...WORK_FAMILIES,
  policyFamily,
  auditFamily,
  configFamily,
];

/** The whole command line. */
export function buildProgram(io: Io, open: (command: Command) => Session): Command {
  return programOf(FAMILIES, io, open);
}
