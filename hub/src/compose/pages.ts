import type { Agents } from "../agent/index.ts";
import type { HubConfig } from "../config/index.ts";
import { ControlUi } from "../controlui/index.ts";
import { type HttpRoutes, Origins } from "../http/index.ts";
import { Metrics, type MetricsOptions } from "../metrics/index.ts";
import type { ConfigFile } from "../services.ts";

export interface PagePartsOptions extends Omit<MetricsOptions, "origins"> {
  readonly config: HubConfig;
  readonly configFile: ConfigFile;
  readonly agents: Agents;
}

/** What browsers and collectors read over HTTP besides the API. */
export function pageRoutes(options: PagePartsOptions): readonly HttpRoutes[] {
  const { config, configFile, agents, secrets, clock, version } = options;
  const metrics = new Metrics({ ...options, origins: new Origins(config.gateway.trustedProxies) });
  const { root, basePath } = config.gateway.controlUi;
  if (root === undefined) return [metrics];
  const ui = () => (configFile.running() as HubConfig).ui;
  const assistant = () => {
    const { id, name } = agents.default;
    return { id, name: ui().assistant.name ?? name ?? config.name, avatar: ui().assistant.avatar ?? "B" };
  };
  return [
    metrics,
    new ControlUi({ root, basePath, version, assistant, seamColor: () => ui().seamColor, secrets, clock }),
  ];
}
