import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import { fromLegacy, LEGACY_WORDS, type LegacySet, toLegacy } from "../beads/index.ts";
import type { ConvoyState, ConvoyWork } from "../convoys/index.ts";
import type { ConvoySet } from "./names.ts";

interface ConvoyMeaning {
  readonly status: ConvoyState;
  readonly close_reason?: string;
}

const DONE: ConvoyMeaning = { status: "closed", close_reason: "All tracked issues completed" };
const FAILED: ConvoyMeaning = { status: "closed", close_reason: "Failed" };
const CANCELLED: ConvoyMeaning = { status: "closed", close_reason: "Cancelled" };
const PARTIAL: ConvoyMeaning = { status: "closed", close_reason: "Partial: some of it failed" };
const STAGED: ConvoyMeaning = { status: "staged_ready" };
const OPEN: ConvoyMeaning = { status: "open" };

/** Every word of each set, and what it is here. */
export const CONVOY_WORDS: Readonly<Record<ConvoySet, Readonly<Record<string, ConvoyMeaning>>>> = {
  store: { pending: STAGED, active: OPEN, completed: DONE, failed: FAILED, cancelled: CANCELLED, partial: PARTIAL },
  workspace: {
    ...{ created: STAGED, assigning: OPEN, executing: OPEN, merging: OPEN },
    ...{ done: DONE, failed: FAILED, cancelled: CANCELLED },
  },
  extension: {
    ...{ pending: STAGED, in_progress: OPEN, blocked: OPEN, review: OPEN },
    ...{ completed: DONE, cancelled: CANCELLED },
  },
};

type Ending = "done" | "failed" | "cancelled" | "partial";

/** What a convoy that says nothing more is called: staged, open, and by how it ended. */
const PLAIN: Readonly<Record<ConvoySet, Readonly<Record<"staged" | "open" | Ending, string>>>> = {
  store: {
    staged: "pending",
    open: "active",
    done: "completed",
    failed: "failed",
    cancelled: "cancelled",
    partial: "partial",
  },
  workspace: {
    staged: "created",
    open: "executing",
    done: "done",
    failed: "failed",
    cancelled: "cancelled",
    partial: "failed",
  },
  extension: {
    staged: "pending",
    open: "in_progress",
    done: "completed",
    failed: "cancelled",
    cancelled: "cancelled",
    partial: "completed",
  },
};

/** Words that were kept beside a bead or a convoy, so that who asks in their terms hears them again. */
export type KeptWords = Readonly<Partial<Record<LegacySet | ConvoySet, string>>>;

/** The metadata that keeps words. */
export function keepWords(words: KeptWords): { readonly legacy: { readonly words: KeptWords } } {
  return { legacy: { words } };
}

export function keptWords(metadata: unknown): KeptWords {
  const words = (metadata as { legacy?: { words?: unknown } } | null | undefined)?.legacy?.words;
  return typeof words === "object" && words !== null ? (words as KeptWords) : {};
}

/** @throws INPUT_INVALID naming the words of the set */
export function convoyFromLegacy(set: ConvoySet, word: string): ConvoyMeaning {
  const meaning = Object.hasOwn(CONVOY_WORDS[set], word) ? CONVOY_WORDS[set][word] : undefined;
  if (meaning) return meaning;
  const words = Object.keys(CONVOY_WORDS[set]).join(", ");
  throw new BarnacleError("INPUT_INVALID", `status: "${word.slice(0, 40)}" is none of ${words} (${set})`);
}

/**
 * A convoy's status in the words of an older set: the word that was kept with it as long as it still means the same, else
 * the plain one.
 */
export function convoyToLegacy(
  set: ConvoySet,
  convoy: Pick<BeadRecord, "status" | "close_reason" | "metadata"> & { readonly state?: ConvoyWork },
): string {
  const { status, close_reason, state } = convoy;
  const ending = status === "closed" ? endingOf(close_reason, state) : undefined;
  const kept = keptWords(convoy.metadata)[set];
  const meaning = kept === undefined ? undefined : CONVOY_WORDS[set][kept];
  if (kept !== undefined && meaning?.status === status) {
    if (ending === undefined || endingOf(meaning.close_reason) === ending) return kept;
  }
  if (ending !== undefined) return PLAIN[set][ending];
  if (status !== "open") return PLAIN[set].staged;
  return set === "extension" && state === "waiting" ? "blocked" : PLAIN[set].open;
}

/** A bead's status likewise. */
export function beadToLegacy(set: LegacySet, bead: Pick<BeadRecord, "status" | "close_reason" | "metadata">): string {
  const { word } = toLegacy(set, bead);
  const kept = keptWords(bead.metadata)[set];
  if (kept === undefined || !Object.hasOwn(LEGACY_WORDS[set], kept)) return word;
  const meaning = fromLegacy(set, kept);
  if (meaning.status !== bead.status) return word;
  return meaning.status !== "closed" || toLegacy(set, meaning).word === word ? kept : word;
}

function endingOf(reason = "", state?: ConvoyWork): Ending {
  if (/^failed\b/i.test(reason)) return "failed";
  if (/^partial\b/i.test(reason)) return "partial";
  return /^cancell?ed\b/i.test(reason) || state === "cancelled" ? "cancelled" : "done";
}
