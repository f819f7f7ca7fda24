export { HousePolicy, type HousePolicyOptions } from "./policy.ts";
export { CAPABILITIES, type Capability, ROLE_CAPABILITIES } from "./roles.ts";
export { BUILT_IN_RULES } from "./rules.ts";
