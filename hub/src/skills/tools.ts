import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import { type Tool, type ToolSource, tool } from "../agent/index.ts";
import type { Skills } from "../services.ts";

/** Lets an agent read the skills that there are; without any it sees no such tool. */
export class SkillTools implements ToolSource {
  readonly #skills: Skills;

  constructor(skills: Skills) {
    this.#skills = skills;
  }

  tools(): readonly Tool[] {
    const usable = this.#skills
      .list()
      .filter(({ enabled, missing, problem }) => enabled && missing.length === 0 && !problem);
    if (usable.length === 0) return [];
    const index = usable.map(({ key, description }) => `${key}: ${description}`).join("\n");
    return [
      tool({
        name: "skill_read",
        label: "Read a skill",
        description: `Reads the instructions of a skill before a task that it describes. Skills:\n${index}`,
        parameters: Type.Object({ skill: Type.String({ minLength: 1, maxLength: 300 }) }),
        run: async ({ skill }) => {
          // What is switched off, or lacks something, is not read by its name either.
          if (usable.some(({ key }) => key === skill)) return { skill, content: this.#skills.content(skill) };
          throw new BarnacleError("NOT_FOUND", `no usable skill has the key ${skill.slice(0, 80)}`);
        },
      }),
    ];
  }
}
