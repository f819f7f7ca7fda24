import type { Events } from "@barnacle/protocol/runtime";

export interface OwnerProfile {
  readonly displayName: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The hub's one owner, and what the owner's clients remember (a theme, a language). */
export interface Owner {
  readonly events: Events<{ prefsChanged: { readonly keys: readonly string[] } }>;
  profile(): OwnerProfile;
  setDisplayName(name: string | null): Promise<OwnerProfile>;
  /** All, or those of `keys` that are set. */
  prefs(keys?: readonly string[]): Readonly<Record<string, unknown>>;
  /** Null takes one away. @throws INPUT_INVALID when there would be too many or one is too large */
  setPrefs(entries: Readonly<Record<string, unknown>>): Promise<void>;
}
