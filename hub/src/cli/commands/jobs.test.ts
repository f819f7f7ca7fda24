import { writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test as T } from "tap";
import { capturedIo, FakeGateway, type Ran, runCli, temporaryHome } from "../testing.ts";

const ID = "a".repeat(64);
const job = {
  ...{ jobId: "0197f4c2-aaaa", status: "stopped", reason: "1 failed", createdBy: "operator:anna", createdAtMs: 1 },
  spec: { kind: "config", target: "fleet", stages: ["1", "100%"], maxFailures: 0, gateS: 180, deadlineS: 3600 },
  nodes: [
    { deviceId: ID, stage: 0, status: "failed", detail: "refused: wake.threshold: too high" },
    { deviceId: "b".repeat(64), stage: 1, status: "skipped" },
  ],
};
const state = {
  ...{ deviceId: ID, displayName: "Den", online: true, layers: ["fleet"], config: { room: "den" } },
  ...{ wanted: "1234567890abcdef", inSync: false, actual: { revision: null, kept: ["name"] }, actualAtMs: 1 },
};

async function setUp(t: T) {
  const fake = await FakeGateway.start({
    "barnacle.jobs.list": () => ({ jobs: [job] }),
    "barnacle.jobs.show": () => ({ job }),
    "barnacle.jobs.cancel": () => ({ job }),
    "barnacle.jobs.create": () => ({ job }),
    "barnacle.groups.list": () => ({ groups: [{ name: "wet", deviceIds: [ID] }] }),
    "barnacle.groups.set": ({ name, devices }) => ({ group: { name, deviceIds: devices } }),
    "barnacle.fleet.config.status": () => ({ states: [state] }),
    "barnacle.fleet.config.show": () => ({ state }),
    "barnacle.fleet.config.set": ({ scope, config }) => ({ layer: { scope, version: 2, config } }),
    "barnacle.fleet.config.history": ({ scope }) => ({ versions: [{ scope, version: 1, config: {}, changedBy: "x" }] }),
    "barnacle.fleet.config.retry": () => ({ ok: true, deviceId: ID }),
  });
  t.teardown(() => fake.stop());
  const home = temporaryHome(t.teardown.bind(t));
  const env = { BARNACLE_URL: fake.url, BARNACLE_TOKEN: fake.token };
  const cli = (...argv: string[]): Promise<Ran> => runCli(argv, capturedIo({ home, env }));
  return { fake, home, cli, last: () => fake.calls.at(-1)?.params };
}

t.test("jobs are begun in the words of the command line", async (t) => {
  const { cli, last } = await setUp(t);
  t.match(
    (await cli("jobs", "config", "fleet", "wake.threshold=0.6", "wake.phrases=[alexa]", "--stages", "1,50%")).out,
    /2 nodes/,
  );
  t.same(last(), {
    ...{ kind: "config", target: "fleet", config: { wake: { threshold: 0.6, phrases: ["alexa"] } } },
    ...{ stages: ["1", "50%"], maxFailures: 0, gateS: 180, deadlineS: 3600 },
  });
  await cli("jobs", "restart", "room:den", "--max-failures", "2", "--gate", "30");
  t.match(last(), { kind: "restart", target: "room:den", maxFailures: 2, gateS: 30, stages: ["1", "25%", "100%"] });
  await cli("jobs", "update", "group:wet", "/tmp/x.deb", "--sha256", "ab", "--package-version", "2.0");
  t.match(last(), { kind: "update", package: { source: "/tmp/x.deb", sha256: "ab", version: "2.0" } });
  t.equal((await cli("jobs", "update", "fleet", "/tmp/x.deb")).code, 2, "the checksum is not optional");
  t.equal((await cli("jobs", "config", "fleet")).code, 2);
  t.equal((await cli("jobs", "config", "fleet", "nonsense")).code, 2);
});

t.test("jobs are shown with what came of each node", async (t) => {
  const { cli } = await setUp(t);
  t.match((await cli("jobs", "list")).out, /0197f4c2-aaa\tconfig\tfleet\tstopped\t1 failed, 1 skipped/);
  t.match(JSON.parse((await cli("jobs", "show", "0197", "--json")).out), job);
  t.match((await cli("jobs", "show", "0197")).out, /reason +1 failed[\s\S]*failed +refused: wake\.threshold: too high/);
  t.match((await cli("jobs", "cancel", "0197")).out, /stopped/);
});

t.test("groups and configuration", async (t) => {
  const { cli, last, home } = await setUp(t);
  t.match((await cli("groups", "list")).out, /wet\t1\taaaaaaaaaaaa/);
  t.match((await cli("groups", "set", "wet", "Den", "Bath")).out, /wet: 2 nodes/);
  t.match((await cli("groups", "set", "wet")).out, /is gone/);
  t.match((await cli("devices", "config", "status")).out, /Den\tonline\twanted 1234567890abcdef, has its own/);
  t.match((await cli("devices", "config", "show", "Den")).out, /kept +name/);
  const file = path.join(home, "fleet.yaml");
  writeFileSync(file, "wake: {threshold: 0.4}\n");
  t.match((await cli("devices", "config", "set", "fleet", "room=null", "--file", file, "--replace")).out, /version 2/);
  t.same(last(), { scope: "fleet", config: { wake: { threshold: 0.4 }, room: null }, replace: true });
  t.equal((await cli("devices", "config", "set", "fleet", "--file", "/nowhere")).code, 1);
  t.match((await cli("devices", "config", "history", "fleet")).out, /^1\t/);
  t.equal((await cli("devices", "config", "retry", "Den")).code, 0);
});
