import { readFileSync } from "node:fs";
import { BarnacleError } from "@barnacle/protocol/errors";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import t, { type Test } from "tap";
import { METHODS } from "../gateway/methods/index.ts";
import { type McpParts, mcpServer } from "./server.ts";
import { type Verb, verbs, verbsFor } from "./verbs.ts";

async function connected(t: Test, call: McpParts["call"], list: readonly Verb[] = verbs()): Promise<Client> {
  const server = mcpServer({ verbs: list, call });
  const client = new Client({ name: "test", version: "0" });
  const [near, far] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(far), client.connect(near)]);
  t.teardown(() => client.close());
  return client;
}

t.test("tools are methods of the gateway: name, schema and scope come from its table", async (t) => {
  const text = readFileSync(new URL("verbs.ts", import.meta.url), "utf8");
  const named = [...text.matchAll(/^ {2}"(\w+\.\w+)":/gm)].map(([, name]) => name ?? "");
  t.ok(named.length > 60, `${named.length} verbs`);
  t.same(
    named.filter((name) => !METHODS.has(name)),
    [],
    "all of them are methods",
  );
  t.equal(verbs().length, named.length);
  t.equal(new Set(verbs().map(({ tool }) => tool)).size, named.length);
  for (const { tool, method, reads, access } of verbs()) {
    t.match(tool, /^[a-zA-Z0-9_-]{1,64}$/);
    t.equal(access, METHODS.get(method)?.access, tool);
    t.equal(reads, METHODS.get(method)?.records === undefined, `${tool} is recorded when it changes something`);
    t.equal(reads, access === "read", tool);
  }
  const readers = verbsFor(["operator.read"]);
  t.ok(readers.length > 10 && readers.every(({ reads }) => reads), "who may only read is offered nothing else");
  t.same(verbsFor([]), []);
  t.same(verbsFor(["operator.admin"]), verbs());
});

t.test("a client lists tools with their schemas, calls them, and reads resources", async (t) => {
  const asked: unknown[] = [];
  const client = await connected(t, async ({ method }, params) => {
    asked.push([method, params]);
    if (method === "beads.show") return [{ id: (params as { ids: string[] }).ids[0] }];
    if (method === "beads.claimNext") return null;
    throw new BarnacleError("BEAD_UNKNOWN", "no bead has the id zz", { details: { id: "zz" } });
  });
  const { tools } = await client.listTools();
  const create = tools.find(({ name }) => name === "beads_create");
  t.match(create, {
    description: /work item/,
    inputSchema: { type: "object", required: ["title"], properties: { title: { type: "string" } } },
    annotations: { readOnlyHint: false },
  });
  t.match(await client.callTool({ name: "beads_show", arguments: { ids: ["hq-1"] } }), {
    content: [{ type: "text", text: '[{"id":"hq-1"}]' }],
    structuredContent: { result: [{ id: "hq-1" }] },
  });
  t.match(await client.callTool({ name: "beads_claimNext" }), { structuredContent: { result: null } });
  t.match(await client.callTool({ name: "beads_close", arguments: { ids: ["zz"] } }), {
    isError: true,
    content: [{ text: /no bead has the id zz \(BEAD_UNKNOWN\)\nList them/ }],
    structuredContent: { error: { code: "BEAD_UNKNOWN", details: { id: "zz" } } },
  });
  await t.rejects(client.callTool({ name: "beads_delete" }), {
    code: -32602,
    message: /no tool is called "beads_delete"/,
  });
  t.ok((await client.listResources()).resources.some(({ uri }) => uri === "barnacle://beads/ready"));
  t.ok(
    (await client.listResourceTemplates()).resourceTemplates.some(
      ({ uriTemplate }) => uriTemplate === "barnacle://beads/{id}",
    ),
  );
  const { contents } = await client.readResource({ uri: "barnacle://beads/hq-2" });
  t.match(contents, [{ mimeType: "application/json", text: '[{"id":"hq-2"}]' }]);
  await t.rejects(client.readResource({ uri: "barnacle://molecules/zz" }), { code: -32602, message: /BEAD_UNKNOWN/ });
  await t.rejects(client.readResource({ uri: "file:///etc/passwd" }), {
    code: -32602,
    message: /no resource has the address/,
  });
  t.match(asked[0], ["beads.show", { ids: ["hq-1"] }]);
});
