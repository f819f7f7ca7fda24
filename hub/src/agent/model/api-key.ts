import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { ModelConfig } from "../../config/agent.ts";

export interface KeyPlaces {
  readFile(path: string): Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The key of an endpoint, read anew for each request; undefined where none is configured.
 * @throws CONFIG_INVALID the file or variable that is named has none
 */
export async function apiKeyOf(config: ModelConfig, places: KeyPlaces): Promise<string | undefined> {
  if (config.apiKey !== undefined) return config.apiKey;
  if (config.apiKeyEnv !== undefined) {
    const key = places.env[config.apiKeyEnv]?.trim();
    if (key) return key;
    throw new BarnacleError("CONFIG_INVALID", `agent.model.apiKeyEnv: the variable ${config.apiKeyEnv} is empty`);
  }
  if (config.apiKeyFile === undefined) return undefined;
  try {
    const key = (await places.readFile(config.apiKeyFile)).trim();
    if (key) return key;
  } catch (error) {
    throw new BarnacleError("CONFIG_INVALID", `agent.model.apiKeyFile: ${messageOf(error)}`, { cause: error });
  }
  throw new BarnacleError("CONFIG_INVALID", `agent.model.apiKeyFile: ${config.apiKeyFile} is empty`);
}
