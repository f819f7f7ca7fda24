import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { House } from "../../support/house.ts";
import { connectApp } from "../support/app.ts";
import { notWanted } from "../support/cache.ts";
import { Cli } from "../support/cli.ts";
import { ClientHome } from "../support/client.ts";
import { targetOf } from "../support/hub.ts";
import type { Process } from "../support/process.ts";
import { OPENCLAW_JANUARY } from "../support/programs.ts";
import { type Call, Relay } from "../support/relay.ts";

t.setTimeout(900_000);

const FAR = "203.0.113.9";

const connects = (relay: Relay): Call[] =>
  relay.calls().filter(({ method, answers }) => method === "connect" && answers.length > 0);

t.test("the node host of January, from another address", { skip: notWanted() }, async (t) => {
  const house = new House(t.testdir(), { hub: { gateway: { trustedProxies: ["127.0.0.1"] } } });
  t.teardown(() => house.close());
  await house.startHub();
  const target = targetOf(house);
  const near = await new Relay(target).start();
  const far = await new Relay(target, { forwardedFor: FAR }).start();
  t.teardown(() => near.stop());
  t.teardown(() => far.stop());
  const cli = new Cli(t.testdirName, OPENCLAW_JANUARY, near);
  const home = new ClientHome(path.join(t.testdirName, "shed"), OPENCLAW_JANUARY).useRemote(far);
  // The owner of the shed wants to be asked for everything.
  mkdirSync(home.stateDir, { recursive: true });
  const always = { version: 1, defaults: { security: "allowlist", ask: "always", askFallback: "deny" }, agents: {} };
  writeFileSync(path.join(home.stateDir, "exec-approvals.json"), JSON.stringify(always));
  // It ends whenever the gateway closes the socket; a service manager starts it again.
  const start = (): Process => {
    const address = ["--host", "127.0.0.1", "--port", new URL(far.url).port, "--display-name", "Shed"];
    return home.start(["node", "run", ...address], { OPENCLAW_GATEWAY_TOKEN: target.token });
  };
  let host = start();
  t.teardown(() => host.stop());

  await t.test("it is let in when it was approved", async (t) => {
    const refused = await host.until("a refusal", () => connects(far)[0]);
    t.match(refused.answers[0], { ok: false, error: { code: "NOT_PAIRED", details: { requestId: String } } });
    const list = ["devices", "list", "--json"];
    const { pending } = await cli.json<{ pending: { requestId: string }[] }>(t, list);
    t.match(pending, [{ displayName: "Shed", role: "node", remoteIp: FAR }]);
    await cli.json(t, ["devices", "approve", pending[0]?.requestId ?? "", "--json"]);
    await host.stop();
    host = start();
    await host.until("the host", () => connects(far).find(({ answers }) => answers[0]?.ok === true));
    const { pending: surface } = await cli.json<{ pending: { requestId: string }[] }>(t, ["nodes", "list", "--json"]);
    if (surface[0]) await cli.json(t, ["nodes", "approve", surface[0].requestId, "--json"]);
    const node = await cli.json<{ commands: string[] }>(t, ["nodes", "describe", "--node", "Shed", "--json"]);
    t.match(node, { connected: true, paired: true });
    t.ok(node.commands.includes("system.run"));
  });

  await t.test("system.run behind an approval", async (t) => {
    const asked: string[] = [];
    // A phone in somebody's hand, who says yes.
    await connectApp(t, target, ["operator.approvals"], ({ event, payload }, phone) => {
      if (event !== "exec.approval.requested") return;
      const { id, request } = payload as { id: string; request: { command: string } };
      asked.push(request.command);
      phone
        .request("exec.approval.resolve", { id, decision: "allow-once" })
        .catch((error) => asked.push(String(error)));
    });
    const run = ["nodes", "run", "--node", "Shed", "--json", "/bin/echo", "said with leave"];
    t.match(await cli.json(t, run), { ok: true, payload: { exitCode: 0, stdout: "said with leave\n" } });
    t.match(asked, [/echo.*said with leave/], "it was asked for once");
  });

  await t.test("its approvals are read and written from afar", async (t) => {
    t.match(await cli.json(t, ["approvals", "get", "--node", "Shed", "--json"]), { file: { version: 1 } });
  });
});
