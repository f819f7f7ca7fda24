import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import type { BeadFields } from "../input.ts";
import { type LegacyCall, legacyCall } from "../legacy.ts";
import { BeadReads, type BeadView, type ReadyQuery } from "../reads.ts";
import { settingOf } from "../settings.ts";
import { importLines } from "../transfer.ts";
import type { BeadWriter } from "../writer.ts";
import { batchLine } from "./batch-line.ts";
import { type CreateBead, type CreateMany, createMany, createOne } from "./create.ts";
import { refuseOwned } from "./owned.ts";
import { orElsewhere, resolver } from "./resolve.ts";

/** Ids may be parts that fit one bead only. */
interface Ids {
  readonly ids: readonly string[];
}

export interface Refusal {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

export interface UpdateParams extends Ids {
  readonly fields?: BeadFields;
  readonly addLabels?: readonly string[];
  readonly removeLabels?: readonly string[];
  /** Who is to be told when a gate opens. */
  readonly addWaiters?: readonly string[];
  readonly appendNotes?: string;
  readonly setMetadata?: Readonly<Record<string, string>>;
  readonly unsetMetadata?: readonly string[];
  /** Another parent; empty: none. */
  readonly parent?: string;
  readonly claim?: boolean;
}

export interface CloseParams extends Ids {
  readonly reason?: string;
  /** One for each id, in place of `reason`. */
  readonly reasons?: readonly string[];
  readonly force?: boolean;
  readonly session?: string;
  readonly suggestNext?: boolean;
  readonly claimNext?: boolean;
  /** Claim the next step of the molecule, or below the epic, that the first belongs to. */
  readonly continue?: boolean;
}

/** What can be done, by name; each within one transaction. The gateway's methods and the command line do the same. */
export const WRITES = {
  create: (writer: BeadWriter, bead: CreateBead): BeadView => view(writer, createOne(writer, bead, resolver(writer))),
  /** Many at once, which may name each other by `as`; all or none. */
  createMany: (writer: BeadWriter, { beads }: CreateMany): BeadView[] => createMany(writer, beads),
  update: (writer: BeadWriter, params: UpdateParams): BeadView[] => {
    const {
      ids,
      fields = {},
      addLabels = [],
      removeLabels = [],
      appendNotes,
      setMetadata,
      unsetMetadata = [],
    } = params;
    const resolve = resolver(writer);
    return ids.map(resolve).map((id) => {
      const { bead } = writer.need(id);
      if (fields.status !== undefined || params.claim) refuseOwned(writer, id);
      const more: Record<string, unknown> = {};
      if (appendNotes !== undefined) more.notes = bead.notes ? `${bead.notes}\n${appendNotes}` : appendNotes;
      if (setMetadata !== undefined || unsetMetadata.length > 0) {
        const metadata = { ...(bead.metadata as object | undefined), ...setMetadata } as Record<string, unknown>;
        for (const key of unsetMetadata) delete metadata[key];
        more.metadata = Object.keys(metadata).length === 0 ? null : metadata;
      }
      if (params.addWaiters) more.waiters = [...(bead.waiters ?? []), ...params.addWaiters];
      const all = { ...fields, ...more };
      if (Object.keys(all).length > 0) writer.update(id, all);
      for (const label of addLabels) writer.addLabel(id, label);
      for (const label of removeLabels) writer.removeLabel(id, label);
      if (params.parent !== undefined) moveTo(writer, id, params.parent === "" ? undefined : resolve(params.parent));
      if (params.claim) writer.claims.claim(id);
      return view(writer, id);
    });
  },
  /** Refused ones do not keep the others from being closed. @throws the first refusal when none was */
  close: (writer: BeadWriter, params: CloseParams) => {
    const { ids, reason, reasons = [], force, session } = params;
    const resolve = resolver(writer);
    const closed: BeadView[] = [];
    const refused: Refusal[] = [];
    let first: unknown;
    for (const [i, part] of ids.entries()) {
      try {
        const id = resolve(part);
        refuseOwned(writer, id);
        writer.closing.close(id, { reason: reasons[i] ?? reason, force, session });
        closed.push(view(writer, id));
      } catch (error) {
        first ??= error;
        const { code, message } = toBarnacleError(error);
        refused.push({ id: part, code, message });
      }
    }
    if (closed.length === 0 && first !== undefined) throw first;
    const reads = readsOf(writer);
    const freed = closed.flatMap(({ id }) => reads.dependents(id).map((one) => one.id));
    const next = params.suggestNext ? reads.ready({ limit: 0 }).filter(({ id }) => freed.includes(id)) : undefined;
    const parent = params.continue ? closed[0]?.parent : undefined;
    const goesOn = params.claimNext || params.continue;
    const claimed =
      params.continue && parent === undefined ? undefined : goesOn ? claimFirst(writer, { parent }) : undefined;
    return { closed, refused, ...(next ? { next } : {}), ...(goesOn ? { claimed: claimed ?? null } : {}) };
  },
  reopen: (writer: BeadWriter, { ids, reason }: Ids & { readonly reason?: string }): BeadView[] =>
    each(writer, ids, (id) => {
      refuseOwned(writer, id);
      return writer.closing.reopen(id, reason);
    }),
  claim: (writer: BeadWriter, { id, leaseMs }: { readonly id: string; readonly leaseMs?: number }): BeadView => {
    const whole = resolver(writer)(id);
    refuseOwned(writer, whole);
    writer.claims.claim(whole, { leaseMs });
    return view(writer, whole);
  },
  /** The first of the ready ones that can be had; `null` when there is none. */
  claimNext: (writer: BeadWriter, { leaseMs, ...query }: ReadyQuery & { readonly leaseMs?: number }): BeadView | null =>
    claimFirst(writer, query, leaseMs) ?? null,
  release: (writer: BeadWriter, { ids }: Ids): BeadView[] => each(writer, ids, (id) => writer.claims.release(id)),
  heartbeat: (writer: BeadWriter, { id, leaseMs }: { readonly id: string; readonly leaseMs?: number }): BeadView => {
    const whole = resolver(writer)(id);
    writer.claims.heartbeat(whole, leaseMs);
    return view(writer, whole);
  },
  fail: (writer: BeadWriter, { id, reason }: { readonly id: string; readonly reason: string }): BeadView => {
    const whole = resolver(writer)(id);
    writer.claims.fail(whole, reason);
    return view(writer, whole);
  },
  comment: (writer: BeadWriter, { id, text }: { readonly id: string; readonly text: string }): BeadView => {
    const whole = resolver(writer)(id);
    writer.comment(whole, text);
    return view(writer, whole);
  },
  depAdd: (writer: BeadWriter, params: EdgeParams & { readonly kind?: string; readonly metadata?: unknown }) => {
    const resolve = resolver(writer);
    const [id, on] = [resolve(params.id), orElsewhere(resolve, params.on)];
    const type = params.kind ?? "blocks";
    writer.addDependency(id, on, type, params.metadata);
    return { status: "added", blocker_id: on, blocked_id: id, type };
  },
  depRemove: (writer: BeadWriter, params: EdgeParams) => {
    const resolve = resolver(writer);
    const [id, on] = [resolve(params.id), orElsewhere(resolve, params.on)];
    const status = writer.removeDependency(id, on) ? "removed" : "unchanged";
    return { status, blocker_id: on, blocked_id: id };
  },
  delete: (
    writer: BeadWriter,
    { ids, reason, purge }: Ids & { readonly reason?: string; readonly purge?: boolean },
  ) => {
    const resolve = resolver(writer);
    const whole = ids.map(resolve);
    for (const id of whole) {
      if (purge) writer.purge(id);
      else writer.delete(id, reason);
    }
    return { deleted: whole };
  },
  import: (writer: BeadWriter, { lines, dryRun }: { readonly lines: readonly string[]; readonly dryRun?: boolean }) =>
    importLines(writer, lines, dryRun),
  /** An empty value: back to the default. */
  configure: (writer: BeadWriter, { key, value = "" }: { readonly key: string; readonly value?: string }) => {
    if (value.trim() === "") writer.settings.unset(key);
    else writer.settings.set(key, value);
    return { key, value: writer.settings.get(settingOf(key)) ?? null };
  },
  /** Computes blockers anew. */
  repair: (writer: BeadWriter, _: object) => ({ repaired: writer.graph.rebuild() }),
  /** Calls of an older bead store; `deprecated` names what to use. */
  legacy: (writer: BeadWriter, call: LegacyCall) => {
    const whole = call.id === undefined ? undefined : resolver(writer)(call.id);
    if (whole !== undefined) refuseOwned(writer, whole);
    const { id } = legacyCall(writer, whole === undefined ? call : { ...call, id: whole });
    return { ...view(writer, id), deprecated: `beads.${NEWER[call.call] ?? "update"}` };
  },
  /** Lines of commands, all or nothing. */
  batch: (writer: BeadWriter, { lines }: { readonly lines: readonly string[] }) => {
    const done = lines.map((line, i) => {
      try {
        return batchLine(writer, line);
      } catch (error) {
        const { code, message, details } = toBarnacleError(error);
        throw new BarnacleError(code, `line ${i + 1}: ${message}`, { cause: error, details });
      }
    });
    return { lines: lines.length, done: done.filter((one) => one !== undefined) };
  },
} as const;

const NEWER: Readonly<Record<string, string>> = { create: "create", complete: "close", fail: "close", skip: "close" };

export type WriteName = keyof typeof WRITES;

interface EdgeParams {
  readonly id: string;
  /** What it depends on. */
  readonly on: string;
}

function readsOf(writer: BeadWriter): BeadReads {
  return new BeadReads(writer.sql, () => writer.now);
}

function view(writer: BeadWriter, id: string): BeadView {
  return readsOf(writer).get(id);
}

function each(writer: BeadWriter, ids: readonly string[], run: (id: string) => BeadRecord): BeadView[] {
  return ids.map(resolver(writer)).map((id) => {
    run(id);
    return view(writer, id);
  });
}

function claimFirst(writer: BeadWriter, query: ReadyQuery, leaseMs?: number): BeadView | undefined {
  const mine = ({ assignee }: BeadView) => !assignee || assignee === writer.who;
  const found = readsOf(writer)
    .ready({ ...query, limit: 0 })
    .find(mine);
  if (!found) return undefined;
  writer.claims.claim(found.id, { leaseMs });
  return view(writer, found.id);
}

function moveTo(writer: BeadWriter, id: string, parent: string | undefined): void {
  const now = (writer.need(id).bead.dependencies ?? []).find((edge) => edge.type === "parent-child")?.depends_on_id;
  if (now === parent) return;
  if (now !== undefined) writer.removeDependency(id, now);
  if (parent !== undefined) writer.addDependency(id, parent, "parent-child");
}
