export {
  createEndpoint,
  ENDPOINT_ENGINES,
  type EndpointEngine,
  type EndpointInfo,
  type EndpointOptions,
  endpointInfos,
} from "./create.ts";
export { FakeEndpoint } from "./fake.ts";
export type { EndpointDecision, EndpointDetector } from "./port.ts";
export { ENDPOINT_DEFAULTS, type EndpointTimes } from "./rule.ts";
