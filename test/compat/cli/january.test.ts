import t from "tap";
import { House, LIGHT } from "../../support/house.ts";
import { ACCEPTED_JANUARY } from "../recordings/accepted.ts";
import { notWanted } from "../support/cache.ts";
import { Cli } from "../support/cli.ts";
import { sameAsRecorded } from "../support/compare.ts";
import { targetOf } from "../support/hub.ts";
import { CLAWDBOT, label, OPENCLAW_JANUARY } from "../support/programs.ts";
import { Relay } from "../support/relay.ts";

t.setTimeout(900_000);

t.test("the command lines of January", { skip: notWanted() }, async (t) => {
  const house = new House(t.testdir(), { node: { wake: { engine: "none" }, speech: { engine: "none" } } });
  t.teardown(() => house.close());
  await house.open();
  const relay = await new Relay(targetOf(house)).start();
  t.teardown(() => relay.stop());

  for (const program of [OPENCLAW_JANUARY, CLAWDBOT]) {
    const cli = new Cli(`${t.testdirName}/${program.name}`, program, relay);

    await t.test(`${label(program)}: what both are asked`, async (t) => {
      t.match(await cli.json(t, ["health", "--json"]), { ok: true, defaultAgentId: "main" });
      t.match(await cli.json(t, ["status", "--json"]), { heartbeat: { defaultAgentId: "main" } });
      t.match(await cli.json(t, ["gateway", "probe", "--json"]), { ok: true });
      const { nodes } = await cli.json<{ nodes: { commands: string[] }[] }>(t, ["nodes", "status", "--json"]);
      t.match(nodes, [{ displayName: "Kitchen", connected: true, paired: true }]);
      const value = program === CLAWDBOT ? 1 : 0;
      const params = JSON.stringify({ line: LIGHT, value });
      const write = ["nodes", "invoke", "--node", "Kitchen", "--command", "gpio.write", "--params", params, "--json"];
      t.match(await cli.json(t, write), { ok: true, command: "gpio.write" });
      t.equal(house.light(), value, "the light is as it was set");
      const ask = ["agent", "--session-id", `s-${program.name}`, "-m", "what time is it", "--json"];
      t.match(await cli.json(t, ask), { status: "ok", result: { payloads: [{ text: /\d/ }] } });
    });

    if (program === CLAWDBOT) continue;

    await t.test(`${label(program)}: nodes and devices`, async (t) => {
      t.match(await cli.json(t, ["nodes", "list", "--json"]), { pending: [], paired: [{ displayName: "Kitchen" }] });
      t.match(await cli.json(t, ["nodes", "pending", "--json"]), []);
      t.match(await cli.json(t, ["nodes", "describe", "--node", "Kitchen", "--json"]), { displayName: "Kitchen" });
      const { paired } = await cli.json<{ paired: { deviceId: string }[] }>(t, ["devices", "list", "--json"]);
      t.ok(
        paired.some(({ deviceId }) => deviceId === cli.home.deviceId),
        "it sees itself",
      );
    });

    await t.test(`${label(program)}: automations`, async (t) => {
      const what = ["--every", "1h", "--session", "isolated", "--message", "what time is it", "--json"];
      const job = await cli.json<{ id: string }>(t, ["cron", "add", "--name", "plants", ...what]);
      t.match(job, { name: "plants", enabled: true, schedule: { kind: "every", everyMs: 3_600_000 } });
      t.match(await cli.json(t, ["cron", "list", "--json"]), { jobs: [{ id: job.id, state: {} }] });
      t.match(await cli.json(t, ["cron", "run", job.id, "--force"]), { ok: true });
      t.match(await cli.json(t, ["cron", "runs", "--id", job.id]), { entries: Array });
      t.match(await cli.json(t, ["cron", "rm", job.id, "--json"]), { ok: true });
    });

    await t.test(`${label(program)}: channels, logs, approvals, system`, async (t) => {
      t.match(await cli.json(t, ["channels", "status", "--json"]), { channels: {} });
      t.match((await cli.run(t, ["logs", "--json", "--limit", "20"])).stdout, /"type":"(log|meta)"/);
      t.match(await cli.json(t, ["approvals", "get", "--gateway", "--json"]), { file: { version: 1 } });
      await cli.run(t, ["system", "event", "--text", "the door was left open"]);
      const presence = await cli.json<{ mode?: string }[]>(t, ["system", "presence", "--json"]);
      t.ok(presence.some(({ mode }) => mode === "gateway"));
    });
  }

  await t.test("the same frames as from the real gateway", async (t) => {
    sameAsRecorded(t, relay, "january", ACCEPTED_JANUARY);
  });
});
