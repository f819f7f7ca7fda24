import { estopMethods } from "./estop.ts";
import type { Method } from "./method.ts";
import { schedulerMethods } from "./scheduler.ts";

/** Methods of the town, a family for each noun. */
export const townMethods: readonly Method[] = [...estopMethods, ...schedulerMethods];
