import type { Agents } from "../agent/index.ts";
import type { HubConfig } from "../config/index.ts";
import { ControlUi } from "../controlui/index.ts";
import { type HttpRoutes, Origins } from "../http/index.ts";
import { type McpGateway, McpRoutes } from "../mcp/index.ts";
import { Metrics, type MetricsOptions } from "../metrics/index.ts";
import type { ConfigFile, Devices } from "../services.ts";

export interface PagePartsOptions extends Omit<MetricsOptions, "origins"> {
  readonly config: HubConfig;
  readonly configFile: ConfigFile;
  readonly agents: Agents;
  readonly devices: Pick<Devices, "list" | "verifyToken">;
  readonly gateway: McpGateway;
}

/** What browsers, collectors and coding agents use over HTTP besides the API. */
export function pageRoutes(options: PagePartsOptions): readonly HttpRoutes[] {
  const { config, configFile, agents, devices, secrets, clock, version, gateway } = options;
  const metrics = new Metrics({ ...options, origins: new Origins(config.gateway.trustedProxies) });
  const mcp = new McpRoutes({ gateway, devices, secrets, clock });
  const { root, basePath } = config.gateway.controlUi;
  if (root === undefined) return [metrics, mcp];
  const ui = () => (configFile.running() as HubConfig).ui;
  const assistant = () => {
    const { id, name } = agents.default;
    return { id, name: ui().assistant.name ?? name ?? config.name, avatar: ui().assistant.avatar ?? "B" };
  };
  const operatorToken = (token: string) =>
    devices.list().some(({ deviceId }) => devices.verifyToken(deviceId, "operator", token));
  const seamColor = () => ui().seamColor;
  return [
    metrics,
    mcp,
    new ControlUi({ root, basePath, version, assistant, seamColor, secrets, operatorToken, clock }),
  ];
}
