import { checkPrefix, childId, freeId } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadSettings } from "./settings.ts";
import type { BeadTable } from "./table.ts";

interface Unnamed {
  readonly title: string;
  readonly description?: string | null | undefined;
  readonly prefix?: string | undefined;
  readonly idLength?: number | undefined;
  readonly parent?: string | undefined;
  readonly created_by?: string | undefined;
}

/** Ids of one transaction's new beads. */
export class Naming {
  readonly #table: BeadTable;
  readonly #settings: BeadSettings;
  readonly #who: string;
  readonly #now: number;
  readonly #prefix: string;
  #made = 0;

  constructor(options: {
    readonly table: BeadTable;
    readonly settings: BeadSettings;
    readonly who: string;
    readonly now: number;
    /** Where none is set. */
    readonly prefix: string;
  }) {
    this.#table = options.table;
    this.#settings = options.settings;
    this.#who = options.who;
    this.#now = options.now;
    this.#prefix = options.prefix;
  }

  /** Nanoseconds within the moment of the transaction: they keep its beads in order, and apart though nothing else differs. */
  moment(): number {
    return this.#made++ % 1_000_000;
  }

  /** @throws BEAD_UNKNOWN (the parent), INPUT_INVALID (the prefix) */
  next({ title, description, prefix, idLength = 0, parent, created_by }: Unnamed, moment = this.moment()): string {
    if (parent !== undefined) {
      if (!this.#table.has(parent)) {
        throw new BarnacleError("BEAD_UNKNOWN", `no bead has the id ${parent.slice(0, 80)}`, {
          details: { id: parent },
        });
      }
      return childId(parent, this.#table.nextChild(parent));
    }
    const chosen = checkPrefix(prefix ?? this.#settings.prefix ?? this.#prefix);
    const createdNs = BigInt(this.#now) * 1_000_000n + BigInt(moment);
    const seed = {
      ...{ prefix: chosen, title, description: description ?? "", creator: created_by ?? this.#who, createdNs },
    };
    const { min, max, collision } = this.#settings.limits;
    const limits = { collision, min: Math.max(min, idLength), max: Math.max(max, idLength) };
    return freeId(seed, this.#table.count(chosen), (id) => this.#table.has(id), limits);
  }

  /** Ends of edges that need not be here: another project's, and those with another rig's prefix. */
  isElsewhere(target: string, source: string): boolean {
    if (/^external:[^:]+:.+/.test(target)) return true;
    const prefix = prefixOf(target);
    return prefix !== undefined && prefix !== prefixOf(source) && this.#table.count(prefix) === 0;
  }
}

function prefixOf(id: string): string | undefined {
  return /^([a-z][a-z0-9_]*)-/i.exec(id)?.[1];
}

/** @throws INPUT_INVALID */
export function checkId(id: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(id) && id.includes("-")) return;
  throw new BarnacleError("INPUT_INVALID", `"${id.slice(0, 80)}" is no bead id; expected one like hq-a1b2`);
}
