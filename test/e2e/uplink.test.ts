import { readFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import type { DeviceRecord } from "../../hub/src/services.ts";
import { House } from "../support/house.ts";
import { type JsonLine, NODE_BIN, Running, runOnce } from "../support/process.ts";

t.setTimeout(300_000);

type Rows = (DeviceRecord & { requestId?: string })[];

/** Approves at `there` whatever waits, as its owner would, until `fits` finds a node that can be used. */
async function admitted(there: House, name: string): Promise<DeviceRecord> {
  return there.eventually(`${name} at the other hub`, async () => {
    for (const { requestId } of (await there.cli("devices", "pending")).json as Rows) {
      await there.cli("devices", "approve", String(requestId));
    }
    const { devices } = await there.call<{ devices: DeviceRecord[] }>("barnacle.devices.list");
    return devices.find((one) => one.displayName === name && one.online && one.approvalState === "approved");
  });
}

t.test("a hub's node is a node of the gateway that the hub joined", async (t) => {
  const there = new House(path.join(t.testdir(), "there"));
  t.teardown(() => there.close());
  await there.startHub();
  const { token } = JSON.parse(readFileSync(path.join(there.hubState, "hub.json"), "utf8")) as { token: string };
  const url = there.url.replace("http", "ws");
  const here = new House(path.join(t.testdirName, "here"), { hub: { uplink: { url, token } } });
  t.teardown(() => here.close());
  await here.open();
  const far = await admitted(there, "Kitchen");
  t.match(far, { transport: "websocket", clientId: "node-host" });
  const done = await there.cli("invoke", "Kitchen", "gpio.write", '{"line":17,"value":1}');
  t.match(done.json, { ok: true }, done.stderr);
  t.equal(here.light(), 1, "the pin of the other house");
  const check = await here.eventually("a doctor that is content", async () => {
    const { checks } = (await here.cli("doctor")).json as { checks: JsonLine[] };
    return checks.find(({ name, state }) => name === "uplink Kitchen" && state === "ok");
  });
  t.equal(check.detail, url);
});

t.test("a node without a hub joins our own gateway as it joins any", async (t) => {
  const there = new House(t.testdir());
  t.teardown(() => there.close());
  await there.startHub();
  const { token } = JSON.parse(readFileSync(path.join(there.hubState, "hub.json"), "utf8")) as { token: string };
  const place = ["--config", path.join(there.dir, "node.yaml"), "--state-dir", there.nodeState];
  const node = new Running("node", NODE_BIN, [...place, "--events", "--uplink", there.url, "--token", token]);
  t.teardown(() => node.stop());
  const { surface } = await node.line(
    "the second gate",
    (line) => line.part === "uplink" && line.surface !== undefined,
  );
  const { command } = surface as { command: string };
  const doctor = await runOnce(NODE_BIN, ["doctor", "--json", ...place]);
  t.match(JSON.parse(doctor.stdout).uplink, [{ availability: { available: false, reason: RegExp(command) } }]);
  await admitted(there, "Kitchen");
  t.match((await there.cli("invoke", "Kitchen", "gpio.write", '{"line":17,"value":1}')).json, { ok: true });
  t.equal(there.light(), 1);
});

t.test("a setup code lets a node in without the shared token, commands and all", async (t) => {
  const there = new House(t.testdir());
  t.teardown(() => there.close());
  await there.startHub();
  const place = there.url.replace("http", "ws");
  const code = await there.cli("devices", "code", "--for", "node-host", "--public-url", place);
  t.equal(code.code, 0, code.stderr);
  const { setupCode } = code.json as { setupCode: string };
  const start = (...args: string[]): Running => {
    const place = ["--config", path.join(there.dir, "node.yaml"), "--state-dir", there.nodeState];
    const node = new Running("node", NODE_BIN, [...place, "--events", "--uplink", there.url, ...args]);
    t.teardown(() => node.stop());
    return node;
  };
  const online = (line: JsonLine): boolean => line.part === "uplink" && line.state === "online";
  const first = start("--setup-code", setupCode);
  await first.line("the gateway", online);
  await first.stop();
  const second = start();
  const line = await second.line("the gateway again, by what it gave", online);
  t.equal(line.surface, undefined);
  t.match((await there.cli("invoke", "Kitchen", "gpio.write", '{"line":17,"value":1}')).json, { ok: true });
});
