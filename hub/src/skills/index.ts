export { SkillShelf, type SkillShelfOptions } from "./skills.ts";
export { SkillTools } from "./tools.ts";
