import { Value } from "@sinclair/typebox/value";
import { WorkConfig } from "../config/work.ts";
import type { TownBase } from "./part.ts";

/** The configuration as it is when it is asked for; beside a stopped hub, what holds without any. */
export function settingsOf({ hub }: Pick<TownBase, "hub">): () => WorkConfig {
  let defaults: WorkConfig | undefined;
  return () => {
    if (hub) return hub.config().work;
    defaults ??= Value.Default(WorkConfig, {}) as WorkConfig;
    return defaults;
  };
}
