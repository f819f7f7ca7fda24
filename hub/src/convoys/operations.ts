import type { LegacyConvoyCall, OldFile } from "../legacy/index.ts";
import type { TownCall, TownReading, TownWrite } from "../town/operations.ts";
import { planOf } from "./plan.ts";
import type { ConvoyFilter } from "./reads.ts";
import { ConvoyReads } from "./reads.ts";
import { type StageParams, stage } from "./staging.ts";
import type { NewConvoy } from "./writer.ts";

interface Id {
  readonly id: string;
}

interface Forced {
  readonly force?: boolean;
}

/** What can be asked about convoys, by name. */
export const READS = {
  list: (reading: TownReading, filter: ConvoyFilter) => readsOf(reading).list(filter),
  status: (reading: TownReading, { id }: Id) => readsOf(reading).get(id),
  stranded: (reading: TownReading, _: object) => readsOf(reading).stranded(),
  trackedBy: (reading: TownReading, { bead }: { readonly bead: string }) =>
    readsOf(reading).trackedBy(reading.reads.resolve(bead)),
  landings: (reading: TownReading, { id }: Id) => {
    const reads = readsOf(reading);
    return reads.landings(reads.need(id).id);
  },
  /** What taking in files of an older layout would do. */
  preview: async ({ sql }: TownReading, { files }: { readonly files: readonly OldFile[] }) => {
    const { previewMigration } = await import("../legacy/index.ts");
    return previewMigration(sql, files);
  },
  /** The waves of epics and tasks, without making a convoy. */
  plan: ({ sql, reads }: TownReading, { ids }: { readonly ids: readonly string[] }) => {
    const { tasks: _, epic: __, ...plan } = planOf({ sql, reads }, ids);
    return plan;
  },
} as const;

/** What can be done with convoys, by name. */
export const WRITES = {
  create: alone(({ town, who }, convoy: NewConvoy) => town.convoys.create(who, convoy)),
  add: alone(({ town, who }, { id, beads }: Id & { readonly beads: readonly string[] }) =>
    town.convoys.add(who, id, beads),
  ),
  remove: alone(async ({ town, who }, { id, beads }: Id & { readonly beads: readonly string[] }) => {
    await town.convoys.write(who, (writer) => writer.remove(id, beads));
    return town.convoys.get(id);
  }),
  depend: alone(async ({ town, who }, { id, on }: Id & { readonly on: string }) => {
    await town.convoys.write(who, (writer) => writer.depend(id, on));
    return town.convoys.get(id);
  }),
  stage: alone(async (call, { launch = false, force, ...params }: StageParams & { launch?: boolean } & Forced) => {
    const { town, who } = call;
    const staged = await town.convoys.write(who, (writer) => stage(writer, params));
    if (!launch || staged.status === "error" || (staged.status === "staged_warnings" && !force)) return staged;
    return { ...staged, launched: await launched(call, staged.convoy_id, force) };
  }),
  launch: alone((call, { id, force }: Id & Forced) => launched(call, id, force)),
  watch: alone(async ({ town, who }, { id, address, nudge }: Id & { address?: string; nudge?: boolean }) => {
    await town.convoys.write(who, (writer) => writer.watch(id, address ?? who, { nudge }));
    return town.convoys.get(id);
  }),
  unwatch: alone(async ({ town, who }, { id, address, nudge }: Id & { address?: string; nudge?: boolean }) => {
    await town.convoys.write(who, (writer) => writer.watch(id, address ?? who, { nudge, off: true }));
    return town.convoys.get(id);
  }),
  land: alone(async ({ town, who }, params: Id & Forced & { keepWorktrees?: boolean; dryRun?: boolean }) =>
    town.convoys.land(who, params.id, params),
  ),
  close: alone(({ town, who }, { id, reason, force, notify }: Id & Forced & { reason?: string; notify?: string }) =>
    town.convoys.close(who, id, { reason, force, notify }),
  ),
  reopen: alone(async ({ town, who }, { id, reason }: Id & { readonly reason?: string }) => {
    await town.convoys.write(who, (writer) => writer.reopen(id, reason));
    return town.convoys.get(id);
  }),
  /** Takes in files of an older layout, all of them or none. */
  migrate: alone(async ({ town, who }, { files }: { readonly files: readonly OldFile[] }) => {
    const { migrate } = await import("../legacy/index.ts");
    return town.convoys.write(who, (writer) => migrate(writer.beads, files));
  }),
  /** Calls of older convoy stores; `deprecated` names what to use. */
  legacy: alone(async ({ town, who }, call: LegacyConvoyCall) => {
    const { convoyToLegacy, legacyConvoyCall, NEWER } = await import("../legacy/index.ts");
    town.convoys.deprecated("convoys.legacy");
    const bead = await town.convoys.write(who, (writer) => legacyConvoyCall(writer, call));
    const view = town.convoys.get(bead.id);
    const word = convoyToLegacy(call.set, { ...bead, state: view.state });
    return { ...view, word, deprecated: NEWER[call.call] };
  }),
  /** Lands what is complete; with it, what nothing can ever complete. */
  check: alone(async ({ town, who }, { dryRun }: { readonly dryRun?: boolean }) => ({
    checked: await town.convoys.check(who, dryRun),
    knots: town.convoys.reads.knots(),
  })),
} as const;

function readsOf({ sql, reads, now }: TownReading): ConvoyReads {
  return new ConvoyReads(sql, reads, now);
}

// biome-ignore lint/suspicious/noExplicitAny: each operation has parameters of its own; the method's schema checks them
function alone(run: (call: TownCall, params: any) => Promise<unknown>): TownWrite {
  return { alone: true, run };
}

async function launched({ town, who }: TownCall, id: string, force: boolean | undefined) {
  await town.convoys.write(who, (writer) => writer.launch(id, force));
  const fed = await town.convoys.feed(id);
  return { ...town.convoys.get(id), fed };
}
