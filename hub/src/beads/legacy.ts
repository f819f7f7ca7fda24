import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadWriter, NewBead } from "./writer.ts";

/** Older vocabularies: of a bead store with claims, and of work inside a workspace. `beads` is the one kept here. */
export type LegacySet = "store" | "workspace" | "beads";

interface Meaning {
  readonly status: string;
  readonly close_reason?: string;
}

const NATIVE = ["open", "in_progress", "blocked", "hooked", "deferred", "pinned", "closed", "tombstone"] as const;

/** Every word of each set, and what it is here. */
export const LEGACY_WORDS: Readonly<Record<LegacySet, Readonly<Record<string, Meaning>>>> = {
  store: {
    pending: { status: "open" },
    claimed: { status: "hooked" },
    running: { status: "in_progress" },
    completed: { status: "closed", close_reason: "Completed" },
    failed: { status: "closed", close_reason: "Failed" },
    cancelled: { status: "closed", close_reason: "Cancelled" },
    blocked: { status: "blocked" },
  },
  workspace: {
    pending: { status: "open" },
    assigned: { status: "hooked" },
    running: { status: "in_progress" },
    done: { status: "closed", close_reason: "Completed" },
    failed: { status: "closed", close_reason: "Failed" },
    skipped: { status: "closed", close_reason: "Skipped" },
  },
  beads: Object.fromEntries(NATIVE.map((status) => [status, { status }])),
};

/**
 * A status in the words of an older set. Several statuses share a word there; `native`, kept beside the word, makes the way
 * back exact.
 */
export function toLegacy(
  set: LegacySet,
  { status, close_reason = "" }: Pick<BeadRecord, "status" | "close_reason">,
): { readonly word: string; readonly native: string } {
  if (set === "beads") return { word: status, native: status };
  const words = LEGACY_WORDS[set];
  const native = status;
  if (status === "closed" || status === "tombstone") {
    if (/^failed\b/i.test(close_reason)) return { word: "failed", native };
    const ended = set === "store" ? "cancelled" : "skipped";
    const dropped = status === "tombstone" || /^(?:cancell?ed|skipped)\b/i.test(close_reason);
    return { word: dropped ? ended : set === "store" ? "completed" : "done", native };
  }
  const found = Object.entries(words).find(([, meaning]) => meaning.status === status);
  return { word: found?.[0] ?? "pending", native };
}

/** What a word means here; with `native` exactly what it was made of. @throws INPUT_INVALID naming the words of the set */
export function fromLegacy(set: LegacySet, word: string, native?: string): Meaning {
  const meaning = Object.hasOwn(LEGACY_WORDS[set], word) ? LEGACY_WORDS[set][word] : undefined;
  if (!meaning) {
    const words = Object.keys(LEGACY_WORDS[set]).join(", ");
    throw new BarnacleError("INPUT_INVALID", `status: "${word.slice(0, 40)}" is none of ${words} (${set})`);
  }
  if (native === undefined || native === meaning.status) return meaning;
  return toLegacy(set, { ...meaning, status: native }).word === word ? { status: native } : meaning;
}

export const LEGACY_CALLS = ["create", "assign", "start", "complete", "fail", "skip"] as const;

export interface LegacyCall {
  readonly call: (typeof LEGACY_CALLS)[number];
  readonly id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly agent?: string;
  readonly reason?: string;
}

/** What the older calls do, in terms of today's. Holds nothing. @throws INPUT_INVALID, and what the change throws */
export function legacyCall(writer: BeadWriter, given: LegacyCall): BeadRecord {
  const { call, reason } = given;
  if (call === "create") {
    const bead: NewBead = { title: given.title ?? "", description: given.description };
    return writer.create(bead);
  }
  const { id } = given;
  if (id === undefined) throw new BarnacleError("INPUT_INVALID", `${call}: expected id`);
  switch (call) {
    case "assign":
      if (!given.agent) throw new BarnacleError("INPUT_INVALID", "assign: expected agent");
      return writer.update(id, { status: "hooked", assignee: given.agent });
    case "start":
      return writer.update(id, { status: "in_progress" });
    case "complete":
      return writer.closing.close(id, { reason: reason ?? "Completed" });
    case "fail":
      return writer.closing.close(id, { reason: reason ? `Failed: ${reason}` : "Failed", force: true });
    case "skip":
      return writer.closing.close(id, { reason: reason ? `Skipped: ${reason}` : "Skipped", force: true });
    default:
      throw new BarnacleError("INPUT_INVALID", `call: expected one of ${LEGACY_CALLS.join(", ")}`);
  }
}
