export { choosePhrases, Household, type HouseholdParts, rememberedConfig } from "./household.ts";
