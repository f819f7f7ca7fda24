import {
  type BeadDependency,
  type BeadRecord,
  elementsOf,
  instantText,
  lineOf,
  membersOf,
  RECORDS,
  STATUSES,
} from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Random } from "@barnacle/protocol/runtime";
import { applyChanges, type Change, changesTo, type EventBody } from "./changes.ts";
import { Claims } from "./claims.ts";
import { Closing } from "./closing.ts";
import { ringOf } from "./cycles.ts";
import { type BeadEvent, type BeadEventKind, EventLog } from "./events.ts";
import { Graph } from "./graph.ts";
import { type BeadFields, checkedFields, kindOf, type OwnWords } from "./input.ts";
import { checkId, Naming } from "./naming.ts";
import { BeadSettings } from "./settings.ts";
import type { WritableSql } from "./sql.ts";
import { BeadTable, type Stored } from "./table.ts";

export interface WriterOptions {
  readonly sql: WritableSql;
  /** Who writes: the address of an agent, the name of a person. */
  readonly who: string;
  readonly now: number;
  readonly random: Random;
  readonly prefix: string;
}

export interface NewBead extends BeadFields {
  readonly title: string;
  /** Default: made from prefix and content, or the parent's next child. */
  readonly id?: string;
  readonly prefix?: string;
  /** How many characters the made id has after its prefix, at least; default: by the settings. */
  readonly idLength?: number;
  readonly parent?: string;
  readonly dependencies?: readonly { readonly on: string; readonly kind?: string; readonly metadata?: unknown }[];
  /** A repeated create with the same key gives the bead of the first. */
  readonly key?: string;
  readonly created_by?: string;
  /** Of what came from elsewhere. */
  readonly created_at?: string;
}

/** Everything that changes beads, for use inside one transaction. Every change leaves its event. */
export class BeadWriter {
  readonly who: string;
  readonly now: number;
  /** What was done, for who has to be told after the commit. */
  readonly done: BeadEvent[] = [];
  readonly sql: WritableSql;
  readonly table: BeadTable;
  readonly graph: Graph;
  readonly claims: Claims;
  readonly closing: Closing;
  readonly settings: BeadSettings;
  readonly naming: Naming;
  readonly #events: EventLog;
  readonly #random: Random;

  constructor({ sql, who, now, random, prefix }: WriterOptions) {
    this.who = who;
    this.now = now;
    this.sql = sql;
    this.graph = new Graph(sql);
    this.table = new BeadTable(sql, this.graph);
    this.#events = new EventLog(sql);
    this.settings = new BeadSettings(sql);
    this.#random = random;
    this.naming = new Naming({ table: this.table, settings: this.settings, who, now, prefix });
    this.claims = new Claims(this);
    this.closing = new Closing(this);
  }

  /** @throws BEAD_UNKNOWN */
  need(id: string): Stored {
    const found = this.table.get(id);
    if (found) return found;
    throw new BarnacleError("BEAD_UNKNOWN", `no bead has the id ${id.slice(0, 80)}`, { details: { id } });
  }

  find(id: string): BeadRecord | undefined {
    return this.table.get(id)?.bead;
  }

  /** @throws INPUT_INVALID, BEAD_UNKNOWN (parent, target), BEAD_CYCLE, CONFLICT (the id is taken) */
  create(bead: NewBead): BeadRecord {
    const { id: givenId, prefix, idLength, parent, dependencies = [], key, created_by = this.who, ...more } = bead;
    const { created_at, ...fields } = more;
    if (key !== undefined) {
      const known = this.sql.one("SELECT id FROM bead_keys WHERE key = ?", key);
      if (known) return this.need(String(known.id)).bead;
    }
    const values = checkedFields(fields, this.now, this.#own);
    const status = (values.status as string | undefined) ?? "open";
    // Beads of one moment keep their order, and their ids differ though nothing else does.
    const sub = this.naming.moment();
    const at =
      sub === 0 ? instantText(this.now) : instantText(this.now).replace("Z", `${String(sub).padStart(6, "0")}Z`);
    const id = givenId ?? this.naming.next({ ...bead, prefix, idLength, parent, created_by }, sub);
    if (this.table.has(id)) throw new BarnacleError("CONFLICT", `a bead has the id ${id} already`, { details: { id } });
    checkId(id);
    const edges = [...(parent === undefined ? [] : [{ on: parent, kind: "parent-child" }]), ...dependencies];
    const record = {
      ...{ id, ...values, status, priority: values.priority ?? 2, issue_type: values.issue_type ?? "task" },
      ...(RECORDS.includes(String(values.issue_type)) ? { not_work: true } : {}),
      ...{ created_at: created_at ?? at, created_by, updated_at: at },
      ...(status === "in_progress" ? { started_at: at } : {}),
      ...(status === "closed" ? { closed_at: at } : {}),
    };
    const ends = new Map(edges.map((edge) => [edge.on, edge]));
    const written = [...ends.values()].map(({ on, kind = "blocks", metadata }) => {
      this.#checkEnds(id, record.issue_type, on, kind);
      return this.#edge(id, on, kind, metadata);
    });
    this.#insert(
      lineOf(withoutNull({ ...record, ...(written.length > 0 ? { dependencies: written } : {}) })),
      "created",
    );
    for (const { depends_on_id, type } of written) this.#refuseRing(id, depends_on_id, type);
    if (key !== undefined) {
      this.sql.run("INSERT INTO bead_keys (key, id, at) VALUES (?, ?, ?)", key, id, this.now);
    }
    return this.need(id).bead;
  }

  /** @throws INPUT_INVALID, BEAD_UNKNOWN */
  update(id: string, fields: BeadFields): BeadRecord {
    const stored = this.need(id);
    const values = checkedFields(fields, this.now, this.#own);
    const members = new Map(Object.entries(values).map(([name, value]) => [name, raw(value)]));
    const status = values.status as string | undefined;
    if (status !== undefined) for (const [name, value] of this.#statusEffects(stored, status)) members.set(name, value);
    return this.change(id, status === undefined ? "updated" : "status_changed", changesTo(stored.line, members));
  }

  /** Members of `metadata` by name; `null` removes one, the others stay. @throws BEAD_UNKNOWN */
  setMetadata(id: string, changes: Readonly<Record<string, unknown>>): BeadRecord {
    const { metadata } = this.need(id).bead;
    const known = typeof metadata === "object" && !Array.isArray(metadata) ? metadata : {};
    const merged = Object.entries({ ...known, ...changes }).filter(
      ([, value]) => value !== null && value !== undefined,
    );
    return this.update(id, { metadata: merged.length === 0 ? null : Object.fromEntries(merged) });
  }

  comment(id: string, text: string): BeadRecord {
    if (text.trim() === "") throw new BarnacleError("INPUT_INVALID", "text: a comment must not be empty");
    const comment = {
      id: this.#random.uuid(),
      issue_id: id,
      author: this.who,
      text,
      created_at: instantText(this.now),
    };
    return this.change(id, "commented", [{ m: "comments", add: JSON.stringify(comment) }]);
  }

  /** @returns whether it was new */
  addLabel(id: string, label: string): boolean {
    const { bead } = this.need(id);
    if (label === "") throw new BarnacleError("INPUT_INVALID", "label: it must not be empty");
    if (bead.labels?.includes(label)) return false;
    this.change(id, "label_added", [{ m: "labels", add: JSON.stringify(label) }]);
    return true;
  }

  removeLabel(id: string, label: string): boolean {
    if (!this.need(id).bead.labels?.includes(label)) return false;
    this.change(id, "label_removed", [{ m: "labels", drop: JSON.stringify(label) }]);
    return true;
  }

  /**
   * `id` depends on `on`. The same edge again only refreshes its metadata.
   * @throws BEAD_CYCLE naming the ring, CONFLICT when another kind joins the two, BEAD_REFUSED, BEAD_UNKNOWN
   */
  addDependency(id: string, on: string, kind = "blocks", metadata?: unknown): BeadRecord {
    const source = this.need(id);
    this.#checkEnds(id, source.bead.issue_type, on, kind);
    const edges = source.bead.dependencies ?? [];
    const known = edges.find((edge) => edge.depends_on_id === on);
    if (known && known.type !== kind) {
      throw new BarnacleError("CONFLICT", `${id} depends on ${on} as ${known.type} already; remove that first`);
    }
    if (known && (metadata === undefined || JSON.stringify(known.metadata) === JSON.stringify(metadata))) {
      return source.bead;
    }
    if (!known) this.#refuseRing(id, on, kind);
    const edge = this.#edge(id, on, kind, metadata);
    const drop = known ? this.#edgeText(source.line, on) : undefined;
    return this.change(id, "dependency_added", [
      ...(drop === undefined ? [] : [{ m: "dependencies", drop }]),
      { m: "dependencies", add: JSON.stringify(edge) },
    ]);
  }

  /** @returns whether there was one */
  removeDependency(id: string, on: string): boolean {
    const source = this.need(id);
    const drop = this.#edgeText(source.line, on);
    if (drop === undefined) return false;
    this.change(id, "dependency_removed", [{ m: "dependencies", drop }]);
    this.graph.refresh([], [on]);
    return true;
  }

  /** The line stays as a tombstone. */
  delete(id: string, reason = ""): BeadRecord {
    const { line, bead } = this.need(id);
    if (bead.status === "tombstone") return bead;
    this.claims.drop(id);
    const members = new Map<string, string | null>([
      ...([
        ["status", raw("tombstone")],
        ["closed_at", null],
        ["deleted_at", raw(instantText(this.now))],
      ] as const),
      ...([
        ["deleted_by", raw(this.who)],
        ["delete_reason", raw(reason)],
        ["original_type", raw(bead.issue_type)],
      ] as const),
    ]);
    return this.change(id, "deleted", changesTo(line, members));
  }

  /** Nothing of it stays but its events. */
  purge(id: string): void {
    const stored = this.need(id);
    this.table.remove(stored);
    this.graph.refresh(
      [id],
      (stored.bead.dependencies ?? []).map((edge) => edge.depends_on_id),
    );
    this.log(id, "purged", { gone: stored.line });
  }

  /** A line from a file, new or in the place of the one that is here. The caller decides which wins, and refreshes the graph. */
  put(line: string, bead: BeadRecord, known: Stored | undefined): void {
    if (known) this.table.rewrite(known, line, bead);
    else this.table.insert(line, bead);
    this.log(bead.id, "imported", known ? { line, before: known.line } : { line });
  }

  /** Applies changes to a line, with the time and the counts that follow. Nothing changes: no event. */
  change(id: string, kind: BeadEventKind, changes: readonly Change[]): BeadRecord {
    const stored = this.need(id);
    if (changes.length === 0) return stored.bead;
    const changed = applyChanges(stored.line, changes);
    const follow = changesTo(
      changed,
      this.#counted(changed, stored.bead).set("updated_at", raw(instantText(this.now))),
    );
    const line = applyChanges(changed, follow);
    const bead: BeadRecord = JSON.parse(line);
    this.table.rewrite(stored, line, bead);
    this.graph.refresh([id]);
    this.log(id, kind, { changes: [...changes, ...follow] });
    return bead;
  }

  log(id: string, kind: BeadEventKind, body: EventBody): void {
    this.done.push(this.#events.append({ id, at: this.now, who: this.who, kind, body }));
  }

  readonly #own: OwnWords = (kind) => this.settings.words(kind);

  #edge(id: string, on: string, kind: string, metadata: unknown): BeadDependency {
    return {
      ...{ issue_id: id, depends_on_id: on, type: kind, created_at: instantText(this.now), created_by: this.who },
      ...(metadata === undefined ? {} : { metadata }),
    };
  }

  #checkEnds(id: string, type: unknown, on: string, kind: string): void {
    kindOf(kind);
    const target = this.table.get(on);
    if (!target && !this.naming.isElsewhere(on, id)) this.need(on);
    if (kind !== "blocks" || !target || (type === "epic") === (target.bead.issue_type === "epic")) return;
    throw new BarnacleError("BEAD_REFUSED", `${on} cannot block ${id}: an epic blocks only epics, a task only tasks`);
  }

  #refuseRing(id: string, on: string, kind: string): void {
    const ring = ringOf(this.sql, id, on, kind);
    if (!ring) return;
    const text = ring.join(" → ");
    throw new BarnacleError("BEAD_CYCLE", `${id} cannot depend on ${on} (${kind}): ${text}`, { details: { ring } });
  }

  #insert(line: string, kind: "created"): void {
    const bead: BeadRecord = JSON.parse(line);
    this.table.insert(line, bead);
    this.graph.refresh([bead.id]);
    this.log(bead.id, kind, { line });
  }

  /** Computed members are kept where a line has them, and follow its edges and comments by as much as those change. */
  #counted(line: string, before: BeadRecord): Map<string, string | null> {
    const counted = new Map<string, string | null>();
    const bead: BeadRecord = JSON.parse(line);
    for (const [list, name] of [
      ["dependencies", "dependency_count"],
      ["comments", "comment_count"],
    ] as const) {
      const more = (bead[list]?.length ?? 0) - (before[list]?.length ?? 0);
      if (more !== 0 && typeof bead[name] === "number") counted.set(name, raw(Math.max(0, bead[name] + more)));
    }
    const parentOf = ({ dependencies = [] }: BeadRecord) =>
      dependencies.find((edge) => edge.type === "parent-child")?.depends_on_id;
    if (parentOf(bead) !== parentOf(before) && "dependency_count" in bead) {
      counted.set("parent", raw(parentOf(bead)));
    }
    return counted;
  }

  #statusEffects({ bead }: Stored, status: string): [string, string | null][] {
    const at = raw(instantText(this.now));
    const effects: [string, string | null][] = [];
    if (status === "in_progress" && !bead.started_at) effects.push(["started_at", at]);
    if (status === "closed" && !bead.closed_at) effects.push(["closed_at", at]);
    if (status !== "closed") effects.push(["closed_at", null], ["close_reason", null]);
    if (STATUSES[status] !== "wip") this.claims.drop(bead.id);
    return effects;
  }

  #edgeText(line: string, on: string): string | undefined {
    const edges = membersOf(line).find(({ name }) => name === "dependencies")?.raw ?? "[]";
    return elementsOf(edges).find((text) => (JSON.parse(text) as BeadDependency).depends_on_id === on);
  }
}

function withoutNull(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}

export function raw(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}
