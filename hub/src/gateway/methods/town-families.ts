import { convoyMethods } from "./convoys.ts";
import { escalationMethods } from "./escalations.ts";
import { estopMethods } from "./estop.ts";
import { feedMethods } from "./feed.ts";
import { formulaMethods } from "./formulas.ts";
import { hookMethods } from "./hooks.ts";
import { mailMethods } from "./mail.ts";
import { mergequeueMethods } from "./mergequeue.ts";
import type { Method } from "./method.ts";
import { nudgeMethods } from "./nudges.ts";
import { rigMethods } from "./rigs.ts";
import { roleMethods } from "./roles.ts";
import { schedulerMethods } from "./scheduler.ts";
import { workerMethods } from "./workers.ts";

/** Methods of the town, a family for each noun. */
export const townMethods: readonly Method[] = [
  ...convoyMethods,
  ...escalationMethods,
  ...estopMethods,
  ...formulaMethods,
  ...feedMethods,
  ...mailMethods,
  ...mergequeueMethods,
  ...nudgeMethods,
  ...rigMethods,
  ...schedulerMethods,
  ...roleMethods,
  ...hookMethods,
  ...workerMethods,
];
