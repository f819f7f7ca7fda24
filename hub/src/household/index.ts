export { HouseholdModel, type HouseholdOptions, roomOf } from "./household.ts";
export { oneOf, type Resolution, resolveAppliance, sameRoom, type Wanted } from "./resolve.ts";
