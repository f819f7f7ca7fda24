import { GatewayClient } from "@openclaw/gateway-client";
import type { Target } from "./client.ts";

export interface AppEvent {
  readonly event: string;
  readonly payload?: unknown;
}

/** Another program beside the command line: the project's own library, connected as a backend with these scopes. */
export async function connectApp(
  t: { teardown(fn: () => unknown): void },
  { url, token }: Target,
  scopes: string[],
  onEvent: (event: AppEvent, client: GatewayClient) => void = () => {},
): Promise<GatewayClient> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const client = new GatewayClient({
    ...{ url, token, scopes, minProtocol: 4, maxProtocol: 4 },
    onHelloOk: () => resolve(),
    onConnectError: reject,
    onEvent: (event) => onEvent(event, client),
  });
  t.teardown(() => client.stop());
  client.start();
  await promise;
  return client;
}
