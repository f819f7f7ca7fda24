import t from "tap";
import { House, LIGHT } from "../../support/house.ts";
import { ACCEPTED_TODAY } from "../recordings/accepted.ts";
import { notWanted } from "../support/cache.ts";
import { Cli } from "../support/cli.ts";
import { sameAsRecorded } from "../support/compare.ts";
import { targetOf } from "../support/hub.ts";
import { OPENCLAW } from "../support/programs.ts";
import { Relay } from "../support/relay.ts";

t.setTimeout(600_000);

/** The probe comes without a device and so without scopes; the real gateway refuses it the same. */
const PROBE = [/^(health|status|system-presence|config\.get): missing scope: operator\./];

interface Node {
  readonly nodeId: string;
  readonly displayName: string;
  readonly connected: boolean;
  readonly commands: readonly string[];
}

t.test("the command line of openclaw 2026.9.6", { skip: notWanted() }, async (t) => {
  const house = new House(t.testdir(), { node: { wake: { engine: "none" }, speech: { engine: "none" } } });
  t.teardown(() => house.close());
  await house.open();
  const relay = await new Relay(targetOf(house)).start();
  t.teardown(() => relay.stop());
  const cli = new Cli(t.testdirName, OPENCLAW, relay);

  await t.test("health, status, probe, presence", async (t) => {
    t.match(await cli.json(t, ["health", "--json"]), { ok: true, defaultAgentId: "main" });
    t.match(await cli.json(t, ["status", "--json"], { refused: PROBE }), { heartbeat: { defaultAgentId: "main" } });
    t.match(await cli.json(t, ["gateway", "probe", "--json"], { refused: PROBE }), { ok: true });
    t.match(await cli.json(t, ["gateway", "call", "health", "--json"]), { ok: true });
    const presence = await cli.json<{ mode?: string; reason?: string }[]>(t, ["system", "presence", "--json"]);
    t.match(
      presence.find(({ mode }) => mode === "gateway"),
      { reason: "self" },
    );
  });

  await t.test("nodes", async (t) => {
    const { nodes } = await cli.json<{ nodes: Node[] }>(t, ["nodes", "status", "--json"]);
    t.match(nodes, [{ displayName: "Kitchen", connected: true }]);
    t.ok(nodes[0]?.commands.includes("gpio.write"));
    t.match(await cli.json(t, ["nodes", "list", "--json"]), { pending: [], paired: [{ displayName: "Kitchen" }] });
    t.match(await cli.json(t, ["nodes", "pending", "--json"]), []);
    t.match(await cli.json(t, ["nodes", "describe", "--node", "Kitchen", "--json"]), {
      displayName: "Kitchen",
      connected: true,
    });
    const params = JSON.stringify({ line: LIGHT, value: 1 });
    const write = ["nodes", "invoke", "--node", "Kitchen", "--command", "gpio.write", "--params", params, "--json"];
    t.match(await cli.json(t, write), { ok: true, command: "gpio.write" });
    t.equal(house.light(), 1, "the light is on");
    const wrong = ["nodes", "invoke", "--node", "Kitchen", "--command", "gpio.explode", "--json"];
    const { stdout, stderr } = await cli.run(t, wrong, {
      code: 1,
      refused: [/^node\.invoke: node command not allowed/],
    });
    t.match(stdout + stderr, /node command not allowed/, "a refusal is shown with its reason");
  });

  await t.test("devices", async (t) => {
    t.match(await cli.json(t, ["devices", "list", "--json"]), { pending: [], paired: [{ displayName: "Kitchen" }] });
  });

  await t.test("automations", async (t) => {
    const add = [
      "cron",
      "add",
      "--name",
      "water the plants",
      "--every",
      "1h",
      "--message",
      "what time is it",
      "--json",
    ];
    const job = await cli.json<{ id: string }>(t, add);
    t.match(job, { name: "water the plants", enabled: true, schedule: { kind: "every", everyMs: 3_600_000 } });
    t.match(await cli.json(t, ["cron", "list", "--json"]), { jobs: [{ id: job.id }] });
    t.match(await cli.json(t, ["cron", "run", job.id]), { ok: true });
    const { entries } = await cli.json<{ entries: object[] }>(t, ["cron", "runs", "--id", job.id]);
    t.ok(Array.isArray(entries), "its runs are listed");
    t.match(await cli.json(t, ["cron", "rm", job.id, "--json"]), { ok: true });
    t.match(await cli.json(t, ["cron", "list", "--json"]), { jobs: [] });
  });

  await t.test("channels, models, logs, audit, approvals", async (t) => {
    t.match(await cli.json(t, ["channels", "status", "--json"]), { channels: {} });
    const { models } = await cli.json<{ models: object[] }>(t, ["models", "list", "--json"]);
    t.ok(models.length > 0, "there is a model");
    const { stdout } = await cli.run(t, ["logs", "--json", "--limit", "20"]);
    t.match(stdout, /"type":"(log|meta)"/);
    t.match(await cli.json(t, ["audit", "--json"]), { events: Array });
    t.match(await cli.json(t, ["approvals", "get", "--gateway", "--json"]), { file: { version: 1 } });
  });

  await t.test("system events and the heartbeat", async (t) => {
    t.match(await cli.json(t, ["system", "event", "--text", "the door was left open", "--json"]), { ok: true });
    await cli.run(t, ["system", "heartbeat", "last", "--json"]);
  });

  await t.test("the agent", async (t) => {
    const ask = ["agent", "--session-id", "s1", "-m", "what time is it", "--json"];
    const { status, result } = await cli.json<{ status: string; result: { payloads: { text: string }[] } }>(t, ask);
    t.equal(status, "ok");
    t.match(result.payloads[0]?.text, /\d/, "it tells the time");
  });

  await t.test("the same frames as from the real gateway", async (t) => {
    sameAsRecorded(t, relay, "today", ACCEPTED_TODAY);
  });
});
