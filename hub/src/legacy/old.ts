import { parseInstant } from "@barnacle/protocol/beads";
import type { KeptWords } from "./words.ts";

export type Json = Readonly<Record<string, unknown>>;

/** A work item of an older layout. */
export interface OldBead {
  readonly kind: "bead";
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** By which its status is decided, the most exact one last. */
  readonly words: KeptWords;
  readonly type: string;
  readonly priority: number;
  readonly assignee?: string | undefined;
  readonly parent?: string | undefined;
  readonly dependsOn: readonly string[];
  readonly labels: readonly string[];
  /** The convoy that it was made for. */
  readonly convoy?: string | undefined;
  readonly times: OldTimes;
  readonly error?: string | undefined;
  readonly attempts?: number | undefined;
  readonly maxAttempts?: number | undefined;
  readonly metadata: Json;
  readonly record: Json;
}

/** A batch of an older layout. */
export interface OldConvoy {
  readonly kind: "convoy";
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly words: KeptWords;
  readonly priority: number;
  readonly beads: readonly string[];
  readonly dependsOn: readonly string[];
  readonly parent?: string | undefined;
  readonly labels: readonly string[];
  readonly times: OldTimes;
  readonly error?: string | undefined;
  readonly metadata: Json;
  readonly record: Json;
}

/** A change of a bead, from an event log. */
export interface OldEvent {
  readonly kind: "event";
  readonly id: string;
  readonly bead: string;
  readonly what: string;
  readonly who: string;
  readonly at: string;
  readonly from: string;
  readonly to: string;
}

export interface OldTimes {
  readonly created: string;
  readonly updated: string;
  readonly started?: string | undefined;
  readonly closed?: string | undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string" && one !== "") : [];
}

export function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Seconds since 1970, or a text with or without a zone; without one it was UTC. */
export function time(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? new Date(value * 1000).toISOString() : undefined;
  if (typeof value !== "string") return undefined;
  const zoned = /(?:[Zz]|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`;
  return parseInstant(zoned) ? zoned.replace(" ", "T") : undefined;
}

/** The numbers that the older stores had for low, normal, high and urgent. */
export function priorityOf(value: unknown): number {
  const given = number(value) ?? 50;
  if (given >= 100) return 0;
  if (given >= 75) return 1;
  return given >= 50 ? 2 : 3;
}
