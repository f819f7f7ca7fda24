import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateIdentity } from "@barnacle/protocol/identity";
import t from "tap";
import { v3Schemas, v4Schemas } from "./conformance.ts";
import { open, operator, testGateway } from "./testing.ts";

const fits = v4Schemas();
const V4 = { scopes: ["operator.admin"], params: { minProtocol: 4, maxProtocol: 4 } };

t.test("skills: what there is, switched on and off, and truthfully no market", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub, V4);
  const folder = join(hub.skills.folder, "bread");
  mkdirSync(folder, { recursive: true });
  const head = `metadata: {"openclaw": {"requires": {"bins": ["barnacle-oven"]}}}`;
  writeFileSync(join(folder, "SKILL.md"), `---\nname: Bread\ndescription: Bakes.\n${head}\n---\n`);
  t.match(await client.call("skills.status", { agentId: "main" }), {
    managedSkillsDir: hub.skills.folder,
    skills: [
      {
        ...{ name: "Bread", skillKey: "bread", eligible: false, disabled: false, source: "openclaw-workspace" },
        ...{ always: false, missing: { bins: ["barnacle-oven"] }, configChecks: [], install: [] },
      },
    ],
  });
  const node = open(t, hub);
  await node.connect({ identity: generateIdentity(), role: "node", client: { mode: "node", id: "node-host" } });
  const bins = await node.call("skills.bins");
  t.same(bins, { bins: ["barnacle-oven"] });
  for (const schemas of [fits, v3Schemas()]) t.equal(schemas("SkillsBinsResult", bins), undefined);
  const update = { skillKey: "bread", enabled: false };
  t.same(await client.call("skills.update", update), { ok: true, skillKey: "bread", config: { enabled: false } });
  t.same(await node.call("skills.bins"), { bins: [] });
  t.match((await client.request("skills.update", { skillKey: "bread", apiKey: "k" })).error, {
    message: /keeps no keys/,
  });
  const found = await client.call<{ results: object[] }>("skills.search", { query: "BAKE" });
  t.equal(fits("SkillsSearchResult", found), undefined);
  t.equal(found.results.length, 1);
  t.same(await client.call("skills.search", { query: "swim", limit: 20 }), { results: [] });
  t.equal(fits("SkillsDetailResult", await client.call("skills.detail", { slug: "bread" })), undefined);
  t.same(await client.call("skills.detail", { slug: "x" }), { skill: null });
  t.match(await client.call("skills.library.list", { scope: "all" }), { entries: [], profileId: "gateway-owner" });
  t.match((await client.request("skills.install", { name: "x", installId: "brew" })).error, {
    message: /not supported here/,
  });
});

t.test("usage counts what transcripts say, by day; there are no artifacts", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub, V4);
  t.match(await client.call("usage.status"), { updatedAt: Number, providers: [] });
  t.match(await client.call("usage.cost", { days: 7 }), {
    days: 7,
    daily: [],
    totals: { totalTokens: 0, totalCost: 0 },
  });
  await hub.sessions.ensure("main", { via: "test" });
  for (const input of [10, 5]) {
    const usage = { input, output: 2, totalTokens: input + 2 };
    await hub.sessions.inject("main", { role: "assistant", content: [{ type: "text", text: "x" }], usage });
  }
  const date = new Date(hub.clock.now()).toISOString().slice(0, 10);
  t.match(await client.call("usage.cost"), {
    days: 30,
    daily: [{ date, input: 15, output: 4, totalTokens: 19, totalCost: 0 }],
    totals: { input: 15, totalTokens: 19, missingCostEntries: 0 },
  });
  const since = new Date(hub.clock.now() - 86_400_000).toISOString();
  t.match(await client.call("usage.cost", { startDate: since }), { days: 1 });
  const artifacts = await client.call("artifacts.list", { sessionKey: "main" });
  t.equal(fits("ArtifactsListResult", artifacts), undefined);
  t.match((await client.request("artifacts.download", { artifactId: "a" })).error, { message: "unknown artifact: a" });
  t.match((await client.request("assistant.media.get", {})).error, { message: /not supported here/ });
});
