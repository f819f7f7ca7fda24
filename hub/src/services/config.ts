import type { Events } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { Principal } from "./principal.ts";

export interface ConfigIssue {
  /** `gateway.port`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/** The configuration file as it is on disk now. Secrets are in clear: what leaves the hub goes through `redact`. */
export interface ConfigSnapshot {
  readonly path: string;
  readonly exists: boolean;
  /** SHA-256 hex of the file's text, of "" when there is none. */
  readonly hash: string;
  /** What the file says. */
  readonly source: JsonObject;
  /** With the schema's defaults; what the hub runs with when the file is not valid. */
  readonly effective: JsonObject;
  readonly valid: boolean;
  readonly issues: readonly ConfigIssue[];
}

export interface ConfigChange {
  readonly path: string;
  readonly hash: string;
  /** Dotted paths that are different now. */
  readonly changed: readonly string[];
  /** Those of them that count only after a restart. */
  readonly needRestart: readonly string[];
}

export interface ConfigWrite {
  /** JSON5 text: the whole content, or a merge patch. A placeholder of a secret keeps that secret. */
  readonly raw: string;
  /** `hash` of the snapshot that the change was made from; needed once there is a file. */
  readonly baseHash?: string | undefined;
  readonly principal: Principal;
}

/** The hub's one configuration file, read and written by clients. */
export interface ConfigFile {
  readonly events: Events<{ changed: ConfigChange }>;
  /** Where the file is, or would be. */
  readonly path: string;
  /** What the hub works with now. */
  running(): JsonObject;
  read(): ConfigSnapshot;
  /** A copy in which every secret is a placeholder. */
  redact(value: JsonObject): JsonObject;
  /** @throws CONFLICT, CONFIG_INVALID with `issues`, INPUT_INVALID, STATE_UNWRITABLE, AUDIT_UNWRITABLE */
  replace(write: ConfigWrite): Promise<ConfigChange>;
  /**
   * RFC 7396: null takes a member away. Objects at `replacePaths` are replaced, not merged.
   * @throws as `replace`
   */
  patch(write: ConfigWrite & { readonly replacePaths?: readonly string[] | undefined }): Promise<ConfigChange>;
}
