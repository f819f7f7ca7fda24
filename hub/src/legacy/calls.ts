import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { ConvoyWriter } from "../convoys/index.ts";
import { type ConvoySet, LEGACY_CONVOY_CALLS, type LegacyConvoyCallName } from "./names.ts";
import { convoyFromLegacy, keptWords } from "./words.ts";

export interface LegacyConvoyCall {
  readonly set: ConvoySet;
  readonly call: LegacyConvoyCallName;
  readonly id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly beads?: readonly string[];
  readonly agents?: readonly string[];
  /** Convoys. */
  readonly dependsOn?: readonly string[];
  readonly parent?: string;
  readonly reason?: string;
}

/** The word that each set has for where a call leads; absent: that set does not have the call, or no word for it. */
const AFTER: Readonly<Record<ConvoySet, Readonly<Partial<Record<LegacyConvoyCallName, string>>>>> = {
  store: { create: "pending", start: "active", complete: "completed", fail: "failed", cancel: "cancelled" },
  workspace: {
    ...{ create: "created", assign: "assigning", start: "executing", merge: "merging" },
    ...{ complete: "done", fail: "failed", cancel: "cancelled" },
  },
  extension: {
    ...{ create: "pending", start: "in_progress", block: "blocked", unblock: "in_progress", merge: "review" },
    ...{ complete: "completed", cancel: "cancelled" },
  },
};

/** What today's command for the same is. */
export const NEWER: Readonly<Record<LegacyConvoyCallName, string>> = {
  ...{
    create: "convoys.create",
    add: "convoys.add",
    assign: "hooks.sling",
    start: "convoys.launch",
    merge: "mergequeue.submit",
  },
  ...{ block: "convoys.depend", unblock: "beads.depRemove", handoff: "hooks.sling", complete: "convoys.land" },
  ...{ fail: "convoys.close", cancel: "convoys.close" },
};

/**
 * What the older calls do, in terms of today's; the word that the caller's set has for the result is kept with the convoy.
 * Holds nothing.
 * @throws INPUT_INVALID, and what the change throws
 */
export function legacyConvoyCall(convoys: ConvoyWriter, given: LegacyConvoyCall): BeadRecord {
  const { set, call, reason, beads = [], agents = [], dependsOn = [] } = given;
  const word = AFTER[set]?.[call];
  if (call === "create") {
    const { title = "", description, parent } = given;
    const made = convoys.create({
      ...{ title, beads, dependsOn, status: "staged_ready" },
      ...(description === undefined ? {} : { description }),
      ...(parent === undefined ? {} : { parent }),
    });
    return keep(convoys, made.id, set, word);
  }
  const { id } = convoys.reads.need(need(given, "id"));
  switch (call) {
    case "add":
      convoys.add(id, beads);
      break;
    case "assign":
      convoys.beads.setMetadata(id, { assigned_to: agents });
      if (word !== undefined) started(convoys, id);
      break;
    case "start":
      started(convoys, id);
      if (agents.length > 0) convoys.beads.setMetadata(id, { assigned_to: agents });
      break;
    case "handoff":
      convoys.beads.setMetadata(id, { assigned_to: agents, current_agent: agents.at(-1) ?? null });
      break;
    case "merge":
      started(convoys, id);
      break;
    case "block":
      started(convoys, id, true);
      for (const on of dependsOn) convoys.depend(id, on);
      convoys.beads.setMetadata(id, { block_reason: reason ?? null });
      break;
    case "unblock":
      convoys.beads.setMetadata(id, { block_reason: null });
      break;
    case "complete":
      convoys.close(id, { force: true, reason: reason ?? "Completed" });
      break;
    case "fail":
      convoys.close(id, { force: true, reason: reason ? `Failed: ${reason}` : "Failed" });
      break;
    case "cancel":
      convoys.close(id, { force: true, reason: reason ? `Cancelled: ${reason}` : "Cancelled" });
      break;
    default:
      throw new BarnacleError("INPUT_INVALID", `call: expected one of ${LEGACY_CONVOY_CALLS.join(", ")}`);
  }
  return keep(convoys, id, set, word);
}

/** Whatever was staged is launched. @throws CONVOY_REFUSED while it waits for another convoy */
function started(convoys: ConvoyWriter, id: string, waiting = false): void {
  const { waits_for, status } = convoys.reads.get(id);
  if (!waiting && status !== "open" && waits_for.length > 0) {
    throw new BarnacleError("CONVOY_REFUSED", `${id} does not start: it waits for ${waits_for.join(", ")}`, {
      details: { id },
    });
  }
  convoys.launch(id, true);
}

function keep(convoys: ConvoyWriter, id: string, set: ConvoySet, word: string | undefined): BeadRecord {
  const { bead } = convoys.beads.need(id);
  if (word === undefined) return bead;
  convoyFromLegacy(set, word);
  const metadata = (bead.metadata ?? {}) as { legacy?: object };
  const words = { ...keptWords(metadata), [set]: word };
  return convoys.beads.setMetadata(id, { legacy: { ...metadata.legacy, words } });
}

function need(given: LegacyConvoyCall, name: "id"): string {
  const value = given[name];
  if (value !== undefined) return value;
  throw new BarnacleError("INPUT_INVALID", `${given.call}: expected ${name}`);
}
