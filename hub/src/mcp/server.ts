import { toBarnacleError } from "@barnacle/protocol/errors";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  ErrorCode,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { HUB_VERSION } from "../version.ts";
import { RESOURCES, resourceCall, TEMPLATES } from "./resources.ts";
import type { Verb } from "./verbs.ts";

const INSTRUCTIONS = `Work items (beads) of a household and its repositories. Look with beads_ready, claim before you work (beads_claim),
say what you find as new beads with a discovered-from dependency, close with a reason. Ids may be shortened to what only one has.`;

export interface McpParts {
  readonly verbs: readonly Verb[];
  /** Does what the gateway's method does, checks, policy and audit included. @throws what it throws */
  call(verb: Verb, params: object): Promise<unknown>;
}

/** The verbs of work as an MCP server, on whatever transport it is connected to. */
export function mcpServer({ verbs, call }: McpParts): Server {
  const server = new Server(
    { name: "barnacle", title: "Barnacle", version: HUB_VERSION },
    { capabilities: { tools: {}, resources: {} }, instructions: INSTRUCTIONS },
  );
  const byTool = new Map(verbs.map((verb) => [verb.tool, verb]));
  const byMethod = new Map(verbs.map((verb) => [verb.method, verb]));
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: verbs.map(toolOf) }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: given = {} } }) => {
    const verb = byTool.get(name);
    if (!verb) {
      throw new McpError(
        ErrorCode.InvalidParams,
        `no tool is called "${name.slice(0, 80)}"; tools/list has those that may be used`,
      );
    }
    try {
      const result = (await call(verb, given)) ?? null;
      return { content: [{ type: "text", text: JSON.stringify(result) }], structuredContent: { result } };
    } catch (error) {
      const { code, message, hint, details } = toBarnacleError(error).toShape();
      const wrong = { code, message, hint, ...(details === undefined ? {} : { details }) };
      return {
        isError: true,
        content: [{ type: "text", text: `${message} (${code})\n${hint}` }],
        structuredContent: { error: wrong },
      };
    }
  });
  server.setRequestHandler(ListResourcesRequestSchema, () => ({
    resources: RESOURCES.filter(({ method }) => byMethod.has(method)).map(({ uri, name, description }) => ({
      ...{ uri, name, description, mimeType: "application/json" },
    })),
  }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: TEMPLATES.filter(({ method }) => byMethod.has(method)).map(
      ({ uriTemplate, name, description }) => ({
        ...{ uriTemplate, name, description, mimeType: "application/json" },
      }),
    ),
  }));
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params: { uri } }) => {
    const asked = resourceCall(uri);
    const verb = asked && byMethod.get(asked.method);
    if (!asked || !verb)
      throw new McpError(ErrorCode.InvalidParams, `no resource has the address ${uri.slice(0, 200)}`);
    try {
      const result = await call(verb, asked.params);
      return { contents: [{ uri, mimeType: "application/json", text: JSON.stringify(result) }] };
    } catch (error) {
      const { code, message } = toBarnacleError(error);
      const known = code === "BEAD_UNKNOWN" || code === "NOT_FOUND" || code === "INPUT_INVALID";
      throw new McpError(known ? ErrorCode.InvalidParams : ErrorCode.InternalError, `${message} (${code})`);
    }
  });
  return server;
}

function toolOf({ tool, method, about, params, reads }: Verb) {
  return {
    name: tool,
    title: method,
    description: about,
    // Symbols of the schema library stay behind.
    inputSchema: JSON.parse(JSON.stringify(params)) as { type: "object" },
    annotations: { readOnlyHint: reads, destructiveHint: false, openWorldHint: false },
  };
}
