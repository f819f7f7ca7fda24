import { type BeadRecord, OUT_OF_THE_WAY, PARENT_CHILD, saysFailure } from "@barnacle/protocol/beads";
import { type Edge, edgesOf } from "./projection.ts";
import type { BeadWriter } from "./writer.ts";

/** So many are looked at together: enough to share what a statement costs, few enough to hold in memory. */
const GROUP = 5000;

interface Pending {
  readonly line: string;
  readonly bead: BeadRecord;
  readonly edges: readonly Edge[];
}

/**
 * Beads that are new, by the thousand: what each waits for is settled before its row is written, once, instead of being
 * worked out from the rows afterwards. The rules are those of `Graph`, which still settles parents, children and `waits-for`.
 */
export class BulkInsert {
  readonly #writer: BeadWriter;
  readonly #pending = new Map<string, Pending>();
  /** What `Graph` has to settle. */
  readonly touched = new Set<string>();

  constructor(writer: BeadWriter) {
    this.#writer = writer;
  }

  has(id: string): boolean {
    return this.#pending.has(id);
  }

  add(line: string, bead: BeadRecord): void {
    this.#pending.set(bead.id, { line, bead, edges: unique(edgesOf(bead)) });
    if (this.#pending.size >= GROUP) this.flush();
  }

  /** Writes what is pending: to be called before anybody else looks at the rows. */
  flush(): void {
    if (this.#pending.size === 0) return;
    const { table, graph, sql } = this.#writer;
    // Edges that were here before what they end at.
    for (const id of graph.waitingFor(this.#pending.keys())) this.touched.add(id);
    const blocks = this.#judgement();
    const waits = sql.one("SELECT 1 AS found FROM bead_edges WHERE kind = 'waits-for' LIMIT 1") !== undefined;
    for (const { line, bead, edges } of this.#pending.values()) {
      table.insertSettled(line, bead, edges, blocks);
      if (waits || edges.some(({ kind }) => kind === PARENT_CHILD || kind === "waits-for")) this.touched.add(bead.id);
      this.#writer.log(bead.id, "imported", { line });
    }
    this.#pending.clear();
  }

  /** Whether an edge of a kind that looks at its target alone holds back. */
  #judgement(): (edge: Edge) => boolean {
    const elsewhere = new Set<string>();
    const conditions = new Set<string>();
    for (const { edges } of this.#pending.values()) {
      for (const { target, kind } of edges) {
        if (this.#pending.has(target)) continue;
        elsewhere.add(target);
        if (kind === "conditional-blocks") conditions.add(target);
      }
    }
    const { graph } = this.#writer;
    const open = new Set(graph.openAmong(elsewhere));
    const succeeded = new Set(graph.succeededAmong(conditions));
    for (const [id, { bead }] of this.#pending) {
      const { status = "open", close_reason } = bead;
      if (!OUT_OF_THE_WAY.includes(status)) open.add(id);
      else if (status === "closed" && !saysFailure(close_reason)) succeeded.add(id);
    }
    return ({ target, kind }) => {
      if (kind === "blocks") return open.has(target);
      return kind === "conditional-blocks" && (open.has(target) || succeeded.has(target));
    };
  }
}

/** The same edge may stand in a line twice. */
function unique(edges: readonly Edge[]): readonly Edge[] {
  if (edges.length < 2) return edges;
  return [...new Map(edges.map((edge) => [`${edge.kind} ${edge.target}`, edge])).values()];
}
