import { BarnacleError } from "@barnacle/protocol/errors";

/** Names become directories, branches and addresses: no dash or dot in front, no dot behind, nothing that git refuses. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const RIG_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/;
/** First parts of other addresses. */
const TAKEN = new Set(["mayor", "deacon", "overseer", "boot", "dogs", "witness", "refinery", "crew", "polecats"]);
const BRANCH = /^(?!-)(?!.*(?:\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)))[^\s~^:?*[\\\p{Cc}]+(?<![/.])$/u;

/** @throws INPUT_INVALID */
export function checkRigName(name: string): string {
  if (TAKEN.has(name.toLowerCase())) throw invalid(`"${name}" is a word of addresses; choose another name for the rig`);
  if (RIG_NAME.test(name)) return name;
  throw invalid(
    `"${shortened(name)}" is no name of a rig; expected a letter, then letters, digits, - and _, at most 40`,
  );
}

/** Of a workspace, a worker, a crew member. @throws INPUT_INVALID */
export function checkName(name: string, what: string): string {
  if (NAME.test(name) && BRANCH.test(name)) return name;
  throw invalid(
    `"${shortened(name)}" is no name of a ${what}; expected letters, digits, - _ and ., with a letter or digit in front`,
  );
}

/** @throws INPUT_INVALID what git would refuse, and what it would take for an option */
export function checkBranch(name: string): string {
  if (name.length <= 200 && BRANCH.test(name) && !name.startsWith("/") && !name.startsWith(".")) return name;
  throw invalid(`"${shortened(name)}" is no name of a branch`);
}

function invalid(text: string): BarnacleError {
  return new BarnacleError("INPUT_INVALID", text);
}

function shortened(text: string): string {
  return text.slice(0, 60);
}
