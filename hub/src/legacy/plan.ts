import { type BeadRecord, canonicalType, lineOf, TYPES } from "@barnacle/protocol/beads";
import { fromLegacy, type Sql } from "../beads/index.ts";
import type { FileReport, OldData, OldProblem } from "./files.ts";
import type { OldBead, OldConvoy, OldEvent } from "./old.ts";
import { convoyFromLegacy, type KeptWords } from "./words.ts";

export interface Migrated {
  readonly kind: "bead" | "convoy";
  /** There, and here. The same wherever it can be. */
  readonly from: string;
  readonly id: string;
  readonly title: string;
  /** Its most exact word there, and what it is here. */
  readonly word: string;
  readonly status: string;
}

/** What a migration does, or did. */
export interface MigrationReport {
  readonly files: readonly FileReport[];
  /** New here. */
  readonly migrated: readonly Migrated[];
  /** Here since an earlier time; they are left as they are. */
  readonly known: readonly { readonly from: string; readonly id: string }[];
  /** Could not keep their ids. */
  readonly renamed: readonly { readonly from: string; readonly id: string; readonly why: string }[];
  /** Dependencies between convoys that would have closed a ring. */
  readonly dropped: readonly { readonly id: string; readonly on: string }[];
  readonly problems: readonly OldProblem[];
  readonly dryRun: boolean;
}

export interface MigrationPlan {
  readonly report: MigrationReport;
  /** Lines of an issue file. */
  readonly lines: readonly string[];
}

/** Whence a bead came; by it a second migration finds it again, whatever became of it. */
const REF = { bead: "legacy:bead:", convoy: "legacy:convoy:" } as const;
const LEGAL = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** Works out what becomes of older data. Reads the store, changes nothing. */
export function planMigration(sql: Sql, data: OldData, freeId: (old: OldBead | OldConvoy) => string): MigrationPlan {
  const beads = data.records.filter((old) => old.kind === "bead");
  const events = data.records.filter((old) => old.kind === "event");
  const convoys = [...data.records.filter((old) => old.kind === "convoy"), ...missingConvoys(data, beads)];
  const ids = new Map<string, string>();
  const taken = new Set<string>();
  const known: { from: string; id: string }[] = [];
  const renamed: { from: string; id: string; why: string }[] = [];
  const fresh = [...beads, ...convoys].filter((old) => {
    const here = sql.one("SELECT id FROM beads WHERE external_ref = ?", REF[old.kind] + old.id);
    if (here) {
      ids.set(`${old.kind} ${old.id}`, String(here.id));
      known.push({ from: old.id, id: String(here.id) });
      return false;
    }
    const why = whyNot(sql, taken, old.id);
    let id = why === undefined ? old.id : freeId(old);
    while (why !== undefined && taken.has(id)) id = freeId(old);
    if (why !== undefined) renamed.push({ from: old.id, id, why });
    ids.set(`${old.kind} ${old.id}`, id);
    taken.add(id);
    return true;
  });
  const dropped: { id: string; on: string }[] = [];
  const edges = new Edges(convoys, (id, on) => dropped.push({ id: ids.get(`convoy ${id}`) ?? id, on }));
  const histories = Map.groupBy(events, (event) => event.bead);
  const migrated: Migrated[] = [];
  const problems = [...data.problems];
  const lines: string[] = [];
  for (const old of fresh) {
    try {
      const id = ids.get(`${old.kind} ${old.id}`) as string;
      const bead =
        old.kind === "bead"
          ? beadOf(old, id, ids, histories.get(old.id) ?? [])
          : convoyOf(old, id, ids, edges.of(old.id), beads);
      lines.push(lineOf(bead));
      const word = Object.values(old.words).at(-1) ?? "";
      migrated.push({ kind: old.kind, from: old.id, id, title: old.title, word, status: bead.status });
    } catch (error) {
      problems.push({ file: old.id, line: 0, problem: (error as Error).message });
    }
  }
  return { lines, report: { files: data.files, migrated, known, renamed, dropped, problems, dryRun: true } };
}

function whyNot(sql: Sql, taken: ReadonlySet<string>, id: string): string | undefined {
  if (!LEGAL.test(id) || !id.includes("-")) return "it is no id of a bead";
  if (taken.has(id)) return "another of them has it";
  return sql.one("SELECT 1 AS found FROM beads WHERE id = ?", id) ? "a bead here has it" : undefined;
}

/** Convoys that only their beads know of: those of a workspace were kept in memory. */
function missingConvoys({ records }: OldData, beads: readonly OldBead[]): OldConvoy[] {
  const there = new Set(records.filter(({ kind }) => kind === "convoy").map(({ id }) => id));
  const wanted = Map.groupBy(
    beads.filter(({ convoy }) => convoy !== undefined && !there.has(convoy)),
    ({ convoy }) => convoy as string,
  );
  return [...wanted].map(([id, mine]) => {
    const statuses = mine.map((bead) => beadMeaning(bead.words).status);
    const done = statuses.every((status) => status === "closed");
    const begun = statuses.some((status) => status !== "open");
    const times = mine.map((bead) => bead.times);
    return {
      ...{ kind: "convoy", id, title: id, description: "", priority: 2, dependsOn: [], labels: [], metadata: {} },
      words: { workspace: done ? "done" : begun ? "executing" : "created" },
      beads: mine.map((bead) => bead.id),
      times: {
        created: times.map(({ created }) => created).sort()[0] as string,
        updated: times
          .map(({ updated }) => updated)
          .sort()
          .at(-1) as string,
        closed: done
          ? times
              .map(({ closed, updated }) => closed ?? updated)
              .sort()
              .at(-1)
          : undefined,
      },
      record: { convoy_id: id, made_from: "its beads" },
    };
  });
}

function beadMeaning({ store, workspace }: KeptWords) {
  // A workspace's word was kept beside the store's, and is the more exact one.
  return workspace === undefined ? fromLegacy("store", store ?? "") : fromLegacy("workspace", workspace);
}

function convoyMeaning({ store, workspace, extension }: KeptWords) {
  if (extension !== undefined) return convoyFromLegacy("extension", extension);
  return workspace === undefined ? convoyFromLegacy("store", store ?? "") : convoyFromLegacy("workspace", workspace);
}

function beadOf(old: OldBead, id: string, ids: ReadonlyMap<string, string>, history: readonly OldEvent[]): BeadRecord {
  const { status, close_reason } = beadMeaning(old.words);
  const type = canonicalType(old.type);
  const parent = old.parent === undefined ? undefined : ids.get(`bead ${old.parent}`);
  const dependencies = [
    ...(parent === undefined ? [] : [edge(id, parent, "parent-child", old.times.created)]),
    ...old.dependsOn.map((on) => edge(id, ids.get(`bead ${on}`) ?? on, "blocks", old.times.created)),
  ].filter((one) => one.depends_on_id !== id);
  return {
    ...{ id, title: titleOf(old.title, id), status, priority: old.priority },
    issue_type: TYPES.includes(type) ? type : "task",
    ...(old.description === "" ? {} : { description: old.description }),
    ...(old.assignee === undefined ? {} : { assignee: old.assignee }),
    ...timed(old, status, close_reason),
    ...(old.labels.length === 0 ? {} : { labels: [...new Set(old.labels)] }),
    ...(dependencies.length === 0 ? {} : { dependencies: unique(dependencies) }),
    ...(history.length === 0 ? {} : { comments: history.map((event) => comment(id, event)) }),
    ...(old.attempts ? { attempts: old.attempts } : {}),
    ...(old.maxAttempts ? { max_attempts: old.maxAttempts } : {}),
    ...{ external_ref: REF.bead + old.id, metadata: { ...old.metadata, legacy: kept(old) } },
  };
}

function convoyOf(
  old: OldConvoy,
  id: string,
  ids: ReadonlyMap<string, string>,
  edges: { readonly dependsOn: readonly string[]; readonly parent?: string | undefined },
  beads: readonly OldBead[],
): BeadRecord {
  const { status, close_reason } = convoyMeaning(old.words);
  const mine = beads.filter(({ convoy }) => convoy === old.id).map((bead) => bead.id);
  const tracked = [...new Set([...old.beads, ...mine])];
  const parent = edges.parent === undefined ? undefined : ids.get(`convoy ${edges.parent}`);
  const dependencies = [
    ...tracked.map((bead) => edge(id, ids.get(`bead ${bead}`) ?? bead, "tracks", old.times.created)),
    ...edges.dependsOn.flatMap((on) => {
      const before = ids.get(`convoy ${on}`);
      return before === undefined ? [] : [edge(id, before, "blocks", old.times.created)];
    }),
    ...(parent === undefined ? [] : [edge(id, parent, "parent-child", old.times.created)]),
  ];
  return {
    ...{ id, title: titleOf(old.title, id), status, priority: old.priority, issue_type: "convoy", not_work: true },
    ...(old.description === "" ? {} : { description: old.description }),
    ...timed(old, status, close_reason),
    ...(old.labels.length === 0 ? {} : { labels: [...new Set(old.labels)] }),
    ...(dependencies.length === 0 ? {} : { dependencies: unique(dependencies) }),
    ...{ external_ref: REF.convoy + old.id, metadata: { ...old.metadata, legacy: kept(old) } },
  };
}

function timed({ times, error }: OldBead | OldConvoy, status: string, reason: string | undefined) {
  const closed = status === "closed";
  const why = error !== undefined && reason?.startsWith("Failed") ? `Failed: ${error}` : reason;
  return {
    ...{ created_at: times.created, updated_at: times.updated },
    ...(times.started === undefined ? {} : { started_at: times.started }),
    ...(closed ? { closed_at: times.closed ?? times.updated } : {}),
    ...(closed && why !== undefined ? { close_reason: why } : {}),
  };
}

/** The words, and the record as it was, for who wants to know more than has a place here. */
function kept({ words, record }: OldBead | OldConvoy) {
  const { metadata: _, ...rest } = record;
  return { words, record: rest };
}

function edge(issue_id: string, depends_on_id: string, type: string, created_at: string) {
  return { issue_id, depends_on_id, type, created_at };
}

function unique<T extends { readonly depends_on_id: string }>(edges: readonly T[]): T[] {
  return [...new Map(edges.map((one) => [one.depends_on_id, one])).values()];
}

function comment(issue_id: string, { id, what, who, at, from, to }: OldEvent) {
  const words = from !== "" && to !== "" ? ` (${from} → ${to})` : to === "" ? "" : ` (${to})`;
  return { id, issue_id, author: who, text: `${what}${words}`, created_at: at };
}

function titleOf(title: string, id: string): string {
  return [...title].slice(0, 500).join("").trim() || id;
}

/** Dependencies and nesting of convoys without those that close a ring, in their order. */
class Edges {
  readonly #kept = new Map<string, { dependsOn: string[]; parent?: string | undefined }>();

  constructor(convoys: readonly OldConvoy[], drop: (id: string, on: string) => void) {
    for (const { id } of convoys) this.#kept.set(id, { dependsOn: [] });
    for (const { id, dependsOn, parent } of convoys) {
      const mine = this.#kept.get(id) as { dependsOn: string[]; parent?: string | undefined };
      for (const on of dependsOn) {
        if (!this.#kept.has(on)) continue;
        if (this.#reaches(on, id)) drop(id, on);
        else mine.dependsOn.push(on);
      }
      if (parent === undefined || !this.#kept.has(parent)) continue;
      if (this.#reaches(parent, id)) drop(id, parent);
      else mine.parent = parent;
    }
  }

  of(id: string): { readonly dependsOn: readonly string[]; readonly parent?: string | undefined } {
    return this.#kept.get(id) ?? { dependsOn: [] };
  }

  #reaches(from: string, goal: string, seen = new Set<string>()): boolean {
    if (from === goal) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    const { dependsOn = [], parent } = this.#kept.get(from) ?? {};
    return [...dependsOn, ...(parent === undefined ? [] : [parent])].some((on) => this.#reaches(on, goal, seen));
  }
}
