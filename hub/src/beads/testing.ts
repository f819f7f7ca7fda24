import { Events, FakeClock, type Random, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type { Store } from "../store/index.ts";
import { temporaryStore } from "../store/testing.ts";
import { Beads, type BeadsChanged } from "./beads.ts";
import type { BeadEvent } from "./events.ts";
import type { Conditions } from "./gates.ts";
import type { NewBead } from "./writer.ts";

export const NOW = Date.parse("2026-11-30T12:00:00Z");

export interface TestBeads {
  readonly beads: Beads;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly random: Random;
  /** What was told. */
  readonly told: BeadEvent[];
  /** Creates one as `anna`; resolves with its id. */
  add(bead?: Partial<NewBead>): Promise<string>;
  /** Ids of `ready`, in order. */
  ready(): string[];
}

/** Beads on a store of their own. */
export async function testBeads(
  t: { teardown(fn: () => unknown): void },
  options: { conditions?: Conditions; store?: Store } = {},
): Promise<TestBeads> {
  const clock = new FakeClock(NOW);
  const store = options.store ?? (await temporaryStore(t, clock));
  const random = seededRandom(3);
  const events = new Events<{ changed: BeadsChanged }>();
  const told: BeadEvent[] = [];
  events.on("changed", (change) => told.push(...change.events));
  const beads = new Beads({ ...{ store, clock, random, log: silentLog, events }, conditions: options.conditions });
  await beads.start();
  t.teardown(() => beads.stop());
  let n = 0;
  const add = async (bead: Partial<NewBead> = {}) =>
    (await beads.write("anna", (writer) => writer.create({ title: `bead ${n++}`, ...bead }))).id;
  const ready = () => beads.reads.ready({ limit: 0 }).map(({ id }) => id);
  return { beads, store, clock, random, told, add, ready };
}

/** All rows of beads but for their place in files and their leases. */
export function rowsOf(store: Store): unknown[] {
  const columns = store
    .all("SELECT name FROM pragma_table_info('beads') WHERE name NOT IN ('seq', 'lease_until', 'heartbeat_at')")
    .map((row) => row.name)
    .join(", ");
  return [
    store.all(`SELECT ${columns} FROM beads ORDER BY seq`),
    store.all("SELECT * FROM bead_edges ORDER BY issue_id, target, kind"),
    store.all("SELECT * FROM bead_labels ORDER BY label, id"),
    store.all("SELECT * FROM bead_prefixes WHERE top > 0 ORDER BY prefix"),
    store.all("SELECT * FROM bead_children ORDER BY parent"),
  ];
}
