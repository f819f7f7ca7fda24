export { choosePhrases, Household, type HouseholdParts, rememberedConfig, unknownPhrases } from "./household.ts";
