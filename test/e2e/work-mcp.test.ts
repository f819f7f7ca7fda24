import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import t, { type Test } from "tap";
import { House } from "../support/house.ts";
import { HUB_BIN } from "../support/process.ts";

t.setTimeout(300_000);

interface Answer {
  readonly isError?: boolean;
  readonly structuredContent: { readonly result?: unknown; readonly error?: { readonly code: string } };
}

async function house(t: Test): Promise<House> {
  // Short, because a socket lies in it.
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), "barnacle-")));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const house = new House(dir);
  t.teardown(() => house.close());
  return house;
}

async function stdio(t: Test, stateDir: string): Promise<Client> {
  const client = new Client({ name: "test", version: "0" });
  const args = [HUB_BIN, "mcp", "--state-dir", stateDir, "--actor", "garden/polecats/max"];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: "inherit" }));
  t.teardown(() => client.close());
  return client;
}

async function ask<T>(client: Client, name: string, params: Record<string, unknown> = {}): Promise<T> {
  const { isError, structuredContent } = (await client.callTool({ name, arguments: params })) as unknown as Answer;
  if (isError) throw new TypeError(JSON.stringify(structuredContent.error));
  return structuredContent.result as T;
}

t.test(
  "coding agents work on the same beads over standard input and output and over HTTP, recorded as anybody",
  async (t) => {
    const home = await house(t);
    await home.startHub();
    const { token } = JSON.parse(readFileSync(path.join(home.hubState, "hub.json"), "utf8")) as { token: string };
    const url = new URL("/mcp", home.url.replace(/^ws/, "http"));
    const near = await stdio(t, home.hubState);
    const far = new Client({ name: "test", version: "0" });
    const requestInit = { headers: { authorization: `Bearer ${token}` } };
    await far.connect(new StreamableHTTPClientTransport(url, { requestInit }));
    t.teardown(() => far.close());
    const names = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name);
    t.same(await names(near), await names(far));

    const made = await ask<{ id: string; created_by: string }>(far, "beads_create", {
      title: "Fix the gate",
      priority: 0,
    });
    t.match(made, { created_by: "MCP" });
    t.match(await ask(near, "beads_ready"), [{ id: made.id, title: "Fix the gate" }]);
    t.match(await ask(near, "beads_claim", { id: made.id }), {
      assignee: "garden/polecats/max",
      status: "in_progress",
    });
    const refused = (await far.callTool({ name: "beads_claim", arguments: { id: made.id } })) as unknown as Answer;
    t.match(refused, { isError: true, structuredContent: { error: { code: "BEAD_NOT_CLAIMABLE", message: /max/ } } });
    const poured = await ask<{ id: string }>(near, "formulas_pour", {
      name: "feature",
      vars: { goal: "open by voice" },
    });
    t.match(await ask(far, "formulas_progress", { id: poured.id }), { total: 5, completed: 0, formula: "feature" });
    const convoy = await ask<{ id: string }>(far, "convoys_create", { title: "Gate", beads: [made.id] });
    t.match(await ask(near, "convoys_list"), [{ id: convoy.id }]);
    for (const client of [near, far]) {
      for (const [tool, params, code] of [
        ["beads_show", { ids: "x" }, "INPUT_INVALID"],
        ["beads_show", { ids: ["none"] }, "BEAD_UNKNOWN"],
        ["formulas_pour", { name: "feature" }, "FORMULA_INVALID"],
      ] as const) {
        const answer = (await client.callTool({ name: tool, arguments: params })) as unknown as Answer;
        t.match(answer, { isError: true, structuredContent: { error: { code } } }, `${tool} ${code}`);
      }
      await t.rejects(client.callTool({ name: "beads_delete", arguments: { ids: [made.id] } }), { code: -32602 });
      const { contents } = await client.readResource({ uri: `barnacle://beads/${made.id}` });
      t.match(JSON.parse((contents[0] as { text: string }).text), [{ id: made.id, assignee: "garden/polecats/max" }]);
    }

    const { json } = await home.cli("audit", "list", "--limit", "50");
    const records = json as { subject?: string; principal?: { id: string } }[];
    t.ok(
      records.some(({ subject, principal }) => subject === "beads.create" && principal?.id === "mcp"),
      "on record",
    );
    t.ok(records.some(({ subject, principal }) => subject === "beads.claim" && principal?.id === "token:cli"));

    const post = (headers: Record<string, string>, method = "POST") =>
      fetch(url, {
        method,
        headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
        ...(method === "POST" ? { body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }) } : {}),
      });
    const authorization = `Bearer ${token}`;
    t.equal((await post({})).status, 401);
    t.equal((await post({ authorization: "Bearer wrong" })).status, 401);
    t.equal((await post({ authorization, origin: "https://evil.example" })).status, 403);
    t.equal((await post({ authorization, origin: url.origin })).status, 200);
    t.equal((await post({ authorization }, "GET")).status, 405);
  },
);

t.test("without a hub the server works on the state directory itself", async (t) => {
  const home = await house(t);
  await home.cli("bead", "create", "Alone", "--actor", "anna");
  const client = await stdio(t, home.hubState);
  t.match(await ask(client, "beads_ready"), [{ title: "Alone" }]);
  const { id } = await ask<{ id: string }>(client, "beads_create", { title: "Another", actor: "ben" });
  t.match(await ask(client, "beads_show", { ids: [id] }), [{ created_by: "ben" }]);
  t.match(await ask(client, "formulas_list"), [{ name: "code-review" }, {}, {}, {}, {}]);
});
