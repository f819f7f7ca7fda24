import type { BeadRecord } from "@barnacle/protocol/beads";
import { applyChanges } from "./changes.ts";
import type { BeadEvent } from "./events.ts";
import { Graph } from "./graph.ts";
import type { WritableSql } from "./sql.ts";
import { BeadTable } from "./table.ts";

/** Builds the rows of an empty store from events alone, in their order. @returns how many beads there are */
export function replay(sql: WritableSql, events: Iterable<BeadEvent>): number {
  const graph = new Graph(sql);
  const table = new BeadTable(sql, graph);
  for (const { id, body } of events) {
    const known = table.get(id);
    if ("gone" in body) {
      if (known) table.remove(known);
      continue;
    }
    const line = "line" in body ? body.line : known && applyChanges(known.line, body.changes);
    if (line === undefined) continue;
    const bead: BeadRecord = JSON.parse(line);
    if (known) table.rewrite(known, line, bead);
    else table.insert(line, bead);
  }
  table.flush();
  graph.rebuild();
  return Number(sql.one("SELECT count(*) AS n FROM beads")?.n);
}
