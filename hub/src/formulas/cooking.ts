import { TYPES } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadReads, Sql } from "../beads/index.ts";
import { BeadSettings } from "../beads/settings.ts";
import type { Cooked } from "./cook/cooked.ts";
import { type FormulaAsked, FormulaLibrary, type FormulaTexts } from "./library/library.ts";
import { placesOf } from "./library/places.ts";

/** A formula's name, the id of a template that was made of one, or a text. */
export type Asked = FormulaAsked;

export interface CookRequest {
  readonly vars?: Readonly<Record<string, string>> | undefined;
  /** Where it is looked for first, and whose overlay is laid over it. */
  readonly rig?: string | undefined;
  readonly asTemplate?: boolean | undefined;
  /** The bead that it is for. */
  readonly subject?: string | undefined;
}

/** Where formulas are looked for; without a hub, its file opened for reading. */
export interface CookPlace {
  readonly sql: Sql;
  readonly reads: BeadReads;
  readonly stateDir: string;
}

export function libraryFor({ sql, stateDir }: Omit<CookPlace, "reads">, rig?: string): FormulaLibrary {
  return new FormulaLibrary(placesOf(sql, stateDir, rig), typesOf(sql));
}

/** @throws NOT_FOUND, FORMULA_INVALID with everything that is wrong, BEAD_UNKNOWN (`subject`) */
export function cookIn(place: CookPlace, asked: Asked, { vars, rig, asTemplate, subject }: CookRequest = {}): Cooked {
  const { sql, reads } = place;
  const bead = subject === undefined ? undefined : reads.get(reads.resolve(subject));
  const options = {
    ...(vars === undefined ? {} : { vars }),
    ...(asTemplate === undefined ? {} : { asTemplate }),
    ...(bead ? { subject: { labels: bead.labels ?? [], type: bead.issue_type, priority: bead.priority } } : {}),
  };
  const template = "name" in asked ? reads.find(asked.name) : undefined;
  if (!template) return libraryFor(place, rig).cook(asked, options);
  const { name, texts } = templateOf(template);
  return FormulaLibrary.of(texts, typesOf(sql)).cook({ name }, options);
}

function typesOf(sql: Sql): string[] {
  return [...TYPES, ...new BeadSettings(sql).words("type")];
}

/** @throws BEAD_REFUSED */
function templateOf({
  id,
  metadata,
  is_template,
}: {
  readonly id: string;
  readonly metadata?: unknown;
  readonly is_template?: boolean;
}): { readonly name: string; readonly texts: FormulaTexts } {
  const { template } = (metadata ?? {}) as { template?: { name: string; texts: FormulaTexts } };
  if (is_template && template) return template;
  throw new BarnacleError("BEAD_REFUSED", `${id} is no template of a formula`);
}
