import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import type { DeviceRecord, FleetJob, NodeConfigState } from "../../hub/src/services.ts";
import { House } from "../support/house.ts";
import { NODE_BIN, Running } from "../support/process.ts";

/** A node beside the house's own, which it does not start. */
class Room {
  readonly name: string;
  readonly #house: House;
  readonly #dir: string;
  node: Running | undefined;

  constructor(house: House, name: string, fleet: object = {}) {
    this.name = name;
    this.#house = house;
    this.#dir = path.join(house.dir, name);
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const config = {
      ...{ name, room: name, hub: house.url, microphone: { driver: "none" }, telemetry: { intervalS: 60 } },
      ...{ voice: { engine: "none", player: "none" }, fleet: { trialS: 5, ...fleet } },
    };
    // JSON is YAML.
    writeFileSync(path.join(this.#dir, "node.yaml"), JSON.stringify(config));
  }

  start(setupCode?: string): void {
    const code = setupCode === undefined ? [] : ["--setup-code", setupCode];
    this.node = new Running("node", NODE_BIN, ["--state-dir", this.#dir, "--events", ...code]);
  }

  async state(): Promise<NodeConfigState> {
    return (await this.#house.call<{ state: NodeConfigState }>("barnacle.fleet.config.show", { device: this.name }))
      .state;
  }

  inSync(): Promise<NodeConfigState> {
    return this.#house.eventually(`${this.name} in sync`, async () => {
      const state = await this.state();
      return state.inSync && state.online ? state : undefined;
    });
  }

  wantedFile(): { current?: { config: object }; trial?: object } {
    return JSON.parse(readFileSync(path.join(this.#dir, "wanted.json"), "utf8"));
  }
}

async function job(house: House, params: object): Promise<FleetJob> {
  const begun = await house.call<{ job: FleetJob }>("barnacle.jobs.create", params);
  return house.eventually("the end of the job", async () => {
    const { job } = await house.call<{ job: FleetJob }>("barnacle.jobs.show", { jobId: begun.job.jobId });
    return job.status === "running" ? undefined : job;
  });
}

const outcome = (done: FleetJob) => done.nodes.map(({ status }) => status);

t.test("a configuration is rolled out in stages, stops at a failure and is taken back everywhere", async (t) => {
  const house = new House(t.testdir());
  await house.startHub();
  const rooms = ["bath", "den", "loft"].map((name) => new Room(house, name));
  t.teardown(async () => {
    for (const room of rooms) await room.node?.stop();
    await house.close();
  });
  for (const room of rooms) room.start(await house.setupCode());
  for (const room of rooms) await room.inSync();
  const [, den, loft] = rooms as [Room, Room, Room];

  await t.test("a bad one is named by key before anybody gets it", async (t) => {
    const set = (config: object) => house.call("barnacle.fleet.config.set", { scope: "fleet", config });
    await t.rejects(set({ wake: { threshold: 7 } }), { message: /wake\.threshold/ });
    await t.rejects(set({ uplink: { token: "secret" } }), { message: /uplink\.token: only the node's own file/ });
    t.same((await house.call<{ layers: object[] }>("barnacle.fleet.config.layers")).layers, []);
  });

  await t.test("all goes well", async (t) => {
    const done = await job(house, {
      ...{ kind: "config", target: "fleet", config: { speech: { silenceMs: 900 } }, stages: ["1", "100%"], gateS: 60 },
    });
    t.equal(done.status, "done", done.reason ?? "");
    t.same(outcome(done), ["done", "done", "done"]);
    t.ok(
      (done.nodes[0]?.finishedAtMs ?? 0) <= (done.nodes[1]?.startedAtMs ?? 0),
      "the second stage waited for the first",
    );
    const { layers } = await house.call<{ layers: object[] }>("barnacle.fleet.config.layers");
    t.match(layers, [{ scope: "fleet", version: 1, config: { speech: { silenceMs: 900 } } }]);
    t.match(den.wantedFile(), { current: { config: { speech: { silenceMs: 900 } } } });
    t.notOk(den.wantedFile().trial);
  });

  await t.test(
    "a node that was away gets it when it is back, and starts with its last copy without the hub",
    async (t) => {
      await loft.node?.stop();
      await house.call("barnacle.fleet.config.set", { scope: "room:loft", config: { telemetry: { intervalS: 30 } } });
      const { json } = await house.cli("devices", "config", "status");
      t.match(json, [{ displayName: "loft", inSync: false, online: false }], "the drift is seen");
      loft.start();
      t.match(await loft.inSync(), { layers: ["fleet", "room:loft"], actual: { revision: String } });
      await loft.node?.stop();
      await house.hub?.stop();
      loft.start();
      await loft.node?.line("ready without a hub", (line) => line.part === "agent" && line.state === "ready");
      t.match(loft.wantedFile(), { current: { config: { telemetry: { intervalS: 30 }, speech: { silenceMs: 900 } } } });
      await house.startHub();
      await loft.inSync();
    },
  );

  await t.test(
    "what parts a node from its hub is given up by the node itself, stops the job, and reaches no other",
    async (t) => {
      const done = await job(house, {
        ...{ kind: "config", target: "fleet", config: { hub: "http://127.0.0.1:9" }, stages: ["1", "100%"], gateS: 60 },
      });
      t.equal(done.status, "stopped");
      t.same(outcome(done).toSorted(), ["failed", "skipped", "skipped"]);
      t.match(done.nodes[0]?.detail, /not reached with it within 5 s/);
      for (const room of rooms) t.match(await room.inSync(), { config: { speech: { silenceMs: 900 } } });
      t.match((await house.call<{ layers: object[] }>("barnacle.fleet.config.layers")).layers, [{ version: 1 }, {}]);
    },
  );

  await t.test("every node obeys a restart once, also when the hub dies in between", async (t) => {
    const before = await incarnations(house);
    const restarts = (room: Room) =>
      room.node?.lines.filter((line) => line.part === "agent" && line.state === "restarting").length ?? 0;
    const earlier = rooms.map(restarts);
    const begun = await house.call<{ job: FleetJob }>("barnacle.jobs.create", {
      ...{ kind: "restart", target: "fleet", stages: ["1", "100%"], gateS: 120 },
    });
    await house.hub?.kill();
    await house.startHub();
    const done = await house.eventually("the end of the restart", async () => {
      const { job } = await house.call<{ job: FleetJob }>("barnacle.jobs.show", { jobId: begun.job.jobId });
      return job.status === "running" ? undefined : job;
    });
    t.equal(done.status, "done", done.reason ?? "");
    t.same(
      rooms.map((room, i) => restarts(room) - (earlier[i] ?? 0)),
      [1, 1, 1],
    );
    const after = await incarnations(house);
    t.ok(after.every((one, i) => one > (before[i] ?? 0)));
    const { records } = await house.call<{ records: { subject: string; data: { command?: string } }[] }>(
      "barnacle.audit.list",
      { limit: 1000 },
    );
    t.ok(
      records.some(({ data }) => data.command === "system.restart"),
      "on record",
    );
  });
});

t.test(
  "a package is installed once by the program that the node's own file names, and only with the right checksum",
  async (t) => {
    const dir = t.testdir();
    const house = new House(dir);
    const installed = path.join(dir, "installed");
    const program = `require("node:fs").appendFileSync(${JSON.stringify(installed)}, require("node:fs").readFileSync(process.argv[1]))`;
    await house.startHub();
    const attic = new Room(house, "attic", { update: { command: [process.execPath, "-e", program, "{file}"] } });
    const cellar = new Room(house, "cellar");
    t.teardown(async () => {
      await attic.node?.stop();
      await cellar.node?.stop();
      await house.close();
    });
    for (const room of [attic, cellar]) room.start(await house.setupCode());
    for (const room of [attic, cellar]) await room.inSync();
    const source = path.join(dir, "next.deb");
    writeFileSync(source, "the next one");
    const sha256 = createHash("sha256").update("the next one").digest("hex");
    const update = { kind: "update", gateS: 60, stages: ["100%"] };

    const wrong = await job(house, { ...update, target: "room:attic", package: { source, sha256: "0".repeat(64) } });
    t.match(wrong, { status: "stopped", reason: /its SHA-256 is/ });
    t.notOk(existsSync(installed), "nothing was run");
    const without = await job(house, { ...update, target: "room:cellar", package: { source, sha256 } });
    t.match(
      without,
      { status: "stopped", reason: /system\.update/ },
      "a node whose file names no program installs nothing",
    );

    const begun = await house.call<{ job: FleetJob }>("barnacle.jobs.create", {
      ...{ ...update, target: "room:attic", package: { source, sha256 } },
    });
    t.equal(await attic.node?.exited, 1, "it leaves, for whoever started it to start the new one");
    attic.start();
    const done = await house.eventually("the end of the update", async () => {
      const { job } = await house.call<{ job: FleetJob }>("barnacle.jobs.show", { jobId: begun.job.jobId });
      return job.status === "running" ? undefined : job;
    });
    t.equal(done.status, "done", done.reason ?? "");
    t.equal(readFileSync(installed, "utf8"), "the next one", "once");
  },
);

async function incarnations(house: House): Promise<number[]> {
  const { devices } = await house.call<{ devices: DeviceRecord[] }>("barnacle.devices.list");
  const nodes = devices.filter((device) => device.roles.includes("node"));
  return nodes.toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1)).map(({ incarnation }) => incarnation ?? 0);
}
