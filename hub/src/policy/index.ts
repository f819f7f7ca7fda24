export { HousePolicy, type HousePolicyOptions } from "./policy.ts";
export { BUILT_IN_RULES } from "./rules.ts";
