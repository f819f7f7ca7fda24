import { accessSync, constants, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { NodeOffers, Skill, Skills } from "../services.ts";
import { frontMatter } from "./front-matter.ts";

const PAGE = "SKILL.md";
/** A file of this name beside the page switches it off. */
const OFF = "disabled";
const FOLDER_NAME = /^[\w.-]{1,80}$/;

export interface SkillShelfOptions {
  /** One folder per skill. */
  readonly folder: string;
  readonly offers: Pick<NodeOffers, "skills">;
  /** Search path for programs. */
  readonly path: string;
}

/** Skills of this machine and of the nodes that are connected. Looked up when asked: they are few, and people edit them. */
export class SkillShelf implements Skills {
  readonly folder: string;
  readonly #options: SkillShelfOptions;

  constructor(options: SkillShelfOptions) {
    this.folder = options.folder;
    this.#options = options;
  }

  list(): readonly Skill[] {
    const own = this.#names().map((name) => this.#own(name));
    const theirs = this.#options.offers.skills().map(
      ({ nodeId, name, description }): Skill => ({
        ...{
          key: `${nodeId}/${name}`,
          name,
          description,
          source: "node",
          nodeId,
          enabled: true,
          bins: [],
          missing: [],
        },
      }),
    );
    return [...own, ...theirs];
  }

  content(key: string): string {
    if (this.#names().includes(key)) return readFileSync(join(this.folder, key, PAGE), "utf8");
    const theirs = this.#options.offers.skills().find(({ nodeId, name }) => `${nodeId}/${name}` === key);
    if (theirs) return theirs.content;
    throw unknown(key);
  }

  setEnabled(key: string, enabled: boolean): void {
    if (!this.#names().includes(key)) {
      if (!this.list().some((skill) => skill.key === key)) throw unknown(key);
      throw new BarnacleError("INPUT_INVALID", `the skill ${key.slice(0, 80)} belongs to a node; switch it off there`);
    }
    const mark = join(this.folder, key, OFF);
    if (enabled) rmSync(mark, { force: true });
    else writeFileSync(mark, "");
  }

  #names(): string[] {
    if (!existsSync(this.folder)) return [];
    const names = readdirSync(this.folder).filter((name) => FOLDER_NAME.test(name) && !name.startsWith("."));
    return names.filter((name) => existsSync(join(this.folder, name, PAGE))).sort();
  }

  #own(key: string): Skill {
    const file = join(this.folder, key, PAGE);
    const about = { key, source: "workspace", file, enabled: !existsSync(join(this.folder, key, OFF)) } as const;
    try {
      const { name = key, description = "", ...head } = frontMatter(readFileSync(file, "utf8"));
      return { ...about, ...head, name, description, missing: head.bins.filter((bin) => !this.#has(bin)) };
    } catch (error) {
      return { ...about, name: key, description: "", bins: [], missing: [], problem: messageOf(error) };
    }
  }

  #has(bin: string): boolean {
    if (!FOLDER_NAME.test(bin)) return false;
    return this.#options.path.split(delimiter).some((folder) => {
      try {
        accessSync(join(folder, bin), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  }
}

function unknown(key: string): BarnacleError {
  return new BarnacleError("NOT_FOUND", `unknown skill: ${key.slice(0, 80)}`);
}
