import { BarnacleError } from "../errors/index.ts";
import { sha256 } from "./sha256.ts";

export interface IdSeed {
  readonly prefix: string;
  readonly title: string;
  readonly description: string;
  readonly creator: string;
  /** Nanoseconds since 1970. */
  readonly createdNs: bigint;
}

/** How long the hash part of ids may be; a longer one is taken once a collision is more likely than `collision`. */
export interface IdLimits {
  readonly min: number;
  readonly max: number;
  readonly collision: number;
}

export const DEFAULT_LIMITS: IdLimits = { min: 3, max: 8, collision: 0.25 };
const NONCES = 10;
/** Bytes of the hash that make an id of this length. */
const BYTES: Readonly<Record<number, number>> = { 3: 2, 4: 3, 5: 4, 6: 4, 7: 5, 8: 5 };
const DEEPEST = 3;

/** The id of one length and nonce. Source: the public beads project, hash ids; its published vectors are in the tests. */
export function hashId(seed: IdSeed, length: number, nonce: number): string {
  const text = `${seed.title}|${seed.description}|${seed.creator}|${seed.createdNs}|${nonce}`;
  const number = sha256(text)
    .subarray(0, BYTES[length])
    .reduce((sum, byte) => sum * 256 + byte, 0);
  return `${seed.prefix}-${number.toString(36).padStart(length, "0").slice(-length)}`;
}

/** How long the next id is when `count` top-level ids with its prefix are taken. */
export function idLength(count: number, { min, max, collision }: IdLimits = DEFAULT_LIMITS): number {
  for (let length = min; length < max; length++)
    if (1 - Math.exp(-(count * count) / (2 * 36 ** length)) <= collision) return length;
  return max;
}

/** The first free id. @throws BEAD_REFUSED when all tries are taken, which no store of a sane size brings about */
export function freeId(seed: IdSeed, count: number, taken: (id: string) => boolean, limits = DEFAULT_LIMITS): string {
  for (let length = idLength(count, limits); length <= DEFAULT_LIMITS.max; length++)
    for (let nonce = 0; nonce < NONCES; nonce++) {
      const id = hashId(seed, length, nonce);
      if (!taken(id)) return id;
    }
  throw new BarnacleError("BEAD_REFUSED", `no free id with the prefix ${seed.prefix} was found`);
}

/** `bd-a3f8.1.2` → parent `bd-a3f8.1`, number 2. */
export function childNumber(id: string): { readonly parent: string; readonly number: number } | undefined {
  const match = /^(.+)\.(\d{1,9})$/.exec(id);
  return match ? { parent: match[1] ?? "", number: Number(match[2]) } : undefined;
}

/** @throws BEAD_REFUSED below the third level */
export function childId(parent: string, number: number): string {
  if (parent.split(".").length > DEEPEST) {
    throw new BarnacleError(
      "BEAD_REFUSED",
      `${parent} is nested ${DEEPEST} deep already; no child can be made below it`,
    );
  }
  return `${parent}.${number}`;
}

/** Of a top-level id: what stands before the last part, `hq-cv` of `hq-cv-x1y2z`; undefined for a child. */
export function topLevelPrefix(id: string): string | undefined {
  if (id.includes(".")) return undefined;
  const dash = id.lastIndexOf("-");
  return dash > 0 ? id.slice(0, dash) : undefined;
}

const PREFIX = /^[a-z][a-z0-9_-]{0,31}$/i;

/** @throws INPUT_INVALID */
export function checkPrefix(prefix: string): string {
  if (PREFIX.test(prefix) && !prefix.endsWith("-")) return prefix;
  throw new BarnacleError(
    "INPUT_INVALID",
    `"${prefix.slice(0, 40)}" is no id prefix; expected letters, digits, - and _`,
  );
}
