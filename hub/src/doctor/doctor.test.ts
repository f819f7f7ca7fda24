import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import pico from "picocolors";
import t from "tap";
import { capturedIo, temporaryHome } from "../cli/testing.ts";
import { describeDiagnosis } from "./check.ts";
import { checkHub } from "./hub-checks.ts";
import { readReport } from "./node-checks.ts";

const unreachable = async (): Promise<string> => {
  throw new BarnacleError("HUB_UNREACHABLE", "no hub answers");
};

t.test("a machine that can run a hub", async (t) => {
  const home = temporaryHome(t.teardown.bind(t));
  const checks = await checkHub({
    stateDir: path.join(home, "new", "state"),
    nodeVersion: "24.1.0",
    ports: { gateway: 0, mqtt: 0 },
    findHub: unreachable,
    io: capturedIo({ home }),
  });
  t.same(
    checks.map(({ name, state }) => [name, state]),
    [
      ["node.js", "ok"],
      ["state directory", "ok"],
      ["disk", "ok"],
      ["running hub", "off"],
      ["gateway port", "ok"],
      ["mqtt port", "ok"],
    ],
  );
  t.match(checks[1]?.detail, /will be made/);
});

t.test("an old Node, a file in the way and a busy port are named with what to do", async (t) => {
  const home = temporaryHome(t.teardown.bind(t));
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  writeFileSync(path.join(home, "file"), "");
  const checks = await checkHub({
    stateDir: path.join(home, "file", "state"),
    nodeVersion: "20.1.0",
    ports: { gateway: port, mqtt: 0 },
    findHub: unreachable,
    io: capturedIo({ home }),
  });
  const bad = Object.fromEntries(checks.filter(({ state }) => state === "bad").map((check) => [check.name, check]));
  t.match(bad["node.js"], { detail: /20\.1\.0; 24/, hint: /npm run setup/ });
  t.match(bad["state directory"], { detail: /file is a file/, hint: /--state-dir/ });
  t.match(bad["gateway port"], { detail: /another program/, hint: /--port/ });
});

t.test("when a hub runs, its busy ports are no fault", async (t) => {
  const home = temporaryHome(t.teardown.bind(t));
  const options = { stateDir: home, nodeVersion: "24.0.0", ports: { gateway: 1, mqtt: 1 }, io: capturedIo({ home }) };
  const checks = await checkHub({ ...options, findHub: async () => "ws://127.0.0.1:18789" });
  t.match(checks.at(-1), { name: "running hub", state: "ok", detail: "ws://127.0.0.1:18789" });
});

const report = {
  microphone: [{ driver: "parec", availability: { available: false, reason: "not on the PATH", hint: "apt install" } }],
  wake: [
    {
      engine: "openwakeword",
      availability: { available: true },
      phrases: ["hey jarvis"],
      models: [
        { engine: "openwakeword", name: "hey_jarvis", file: "/m/hey.onnx", present: true, licence: "CC-BY-NC-SA-4.0" },
      ],
    },
  ],
};

t.test("a node's engines, the reasons for those that are off, and every model's licence", async (t) => {
  const { checks, models } = readReport(report);
  t.same(
    checks.map(({ name, state }) => [name, state]),
    [
      ["microphone parec", "off"],
      ["wake openwakeword", "ok"],
    ],
  );
  t.match(models, [{ licence: "CC-BY-NC-SA-4.0", present: true }]);
  const text = describeDiagnosis({ ok: true, checks, models }, pico.createColors(false));
  t.match(text, /– microphone parec +not on the PATH\n +apt install/);
  t.match(text, /openwakeword hey_jarvis: CC-BY-NC-SA-4\.0/);
});

t.test("a report in another shape tells nothing, and breaks nothing", async (t) => {
  for (const wrong of [undefined, [], { wake: 7 }, { wake: [7, null] }]) t.same(readReport(wrong).models, []);
});

t.test("each gate at a gateway that was joined is named with the command that opens it", async (t) => {
  const home = temporaryHome(t.teardown.bind(t));
  const gateway = "ws://gateway:1";
  const statuses = [
    { name: "Kitchen", state: "online" },
    { name: "Hall", state: "online", surface: { requestId: "ab1", command: "openclaw nodes approve ab1" } },
    { name: "Attic", state: "waiting", reason: "unauthorized" },
    { name: "Shed", state: "pending", device: { command: "openclaw devices list" } },
  ];
  for (const status of statuses) {
    const folder = path.join(home, "uplink", status.name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "x.status.json"), JSON.stringify({ gateway, deviceId: "d", at: 1, ...status }));
  }
  const ports = { gateway: 0, mqtt: 0 };
  const io = capturedIo({ home });
  const checks = await checkHub({ stateDir: home, nodeVersion: "24.1.0", ports, findHub: unreachable, io });
  const of = (name: string) => checks.find((check) => check.name === `uplink ${name}`);
  t.match(of("Kitchen"), { state: "ok", detail: gateway });
  t.match(of("Hall"), { state: "off", detail: /ab1/, hint: "There run: openclaw nodes approve ab1" });
  t.match(of("Attic"), { state: "off", detail: /unauthorized/ });
  t.match(of("Shed"), { state: "off", detail: /see its list/, hint: /devices list/ });
});
