import type { IncomingMessage, ServerResponse } from "node:http";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Principal } from "../services.ts";
import type { McpGateway } from "./routes.ts";
import { mcpServer } from "./server.ts";
import { verbsFor } from "./verbs.ts";

/** One request of a client, answered with JSON; nothing of it is kept. */
export async function serve(
  principal: Principal,
  gateway: McpGateway,
  request: IncomingMessage,
  response: ServerResponse,
  body: unknown,
): Promise<void> {
  const server = mcpServer({
    verbs: verbsFor(principal.scopes ?? []),
    async call({ method }, params) {
      const { result } = (await gateway.as(principal, method, params)) as { result: unknown };
      return result;
    },
  });
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
  response.on("close", () => {
    void transport.close();
    void server.close();
  });
  await server.connect(transport);
  await transport.handleRequest(request, response, body);
}
