import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type NodeActual, revisionOf } from "@barnacle/protocol/node-config";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import t, { type Test } from "tap";
import { resolveConfig } from "../config/index.ts";
import { Wanted } from "./index.ts";

/** A node's configuration on disk, started and restarted as `run` does it. */
function setUp(t: Test, file: object = {}) {
  const stateDir = path.join(t.testdir(), "state");
  mkdirSync(stateDir);
  writeFileSync(path.join(stateDir, "node.yaml"), JSON.stringify({ name: "Den", fleet: { trialS: 60 }, ...file }));
  const clock = new FakeClock();
  const make = () => {
    const resolve = (over: JsonObject | undefined) => resolveConfig({ stateDir }, {}, over);
    const wanted = new Wanted({ stateDir, resolve, clock, log: silentLog });
    const actuals: NodeActual[] = [];
    const changes: boolean[] = [];
    wanted.events.on("actual", ({ actual }) => actuals.push(actual));
    wanted.events.on("changed", ({ live }) => changes.push(live));
    return { wanted, actuals, changes, config: wanted.boot() };
  };
  return { clock, stateDir, make, kept: () => JSON.parse(readFileSync(path.join(stateDir, "wanted.json"), "utf8")) };
}

const wantedOf = (config: JsonObject) => ({ revision: revisionOf(config), config });

t.test("what a running node can take counts at once; everything else is tried with a restart", async (t) => {
  const { make, kept } = setUp(t);
  const { wanted, actuals, changes } = make();
  await wanted.start();
  const live = wantedOf({ telemetry: { intervalS: 30 }, deny: ["audio.play"] });
  wanted.receive(live);
  t.same(changes, [true]);
  t.match(actuals.at(-1), { revision: live.revision, kept: [] });
  const more = wantedOf({ telemetry: { intervalS: 30 }, wake: { threshold: 0.7 } });
  wanted.receive(more);
  t.same(changes, [true, false]);
  t.equal(actuals.length, 1, "nothing is said of it before it has proven itself");
  wanted.online();
  t.match(actuals.at(-1), { revision: live.revision }, "a reconnection before the restart proves nothing");
  t.match(kept(), { current: live, trial: { wanted: more, starts: 0 } });

  const second = make();
  t.match(second.config, { wake: { threshold: 0.7 }, telemetry: { intervalS: 30 } });
  await second.wanted.start();
  second.wanted.online();
  t.match(second.actuals, [{ revision: more.revision }]);
  t.match(kept(), { current: more, trial: undefined });
  t.match(make().config, { wake: { threshold: 0.7 } }, "from the last copy");
});

t.test("a bad one is refused by its keys, and the old one stays", async (t) => {
  const { make } = setUp(t);
  const { wanted, actuals, changes } = make();
  const bad = wantedOf({ wake: { threshold: 7 } });
  wanted.receive(bad);
  t.match(actuals, [{ revision: null, refused: { revision: bad.revision, problems: [{ key: "wake.threshold" }] } }]);
  const cross = wantedOf({ appliances: [{ id: "lamp", name: "lamp", kind: "light", line: 4 }] });
  wanted.receive(cross);
  t.match(actuals.at(-1)?.refused?.problems, [{ message: /line 4 is not among gpio.lines/ }]);
  wanted.receive(wantedOf({ wake: { accessKey: "x" } }));
  t.match(actuals.at(-1)?.refused?.problems, [{ key: "wake.accessKey" }]);
  t.same(changes, []);
});

t.test("what does not reach the hub in time is given up, and not tried again unless it is asked for", async (t) => {
  const { make, clock, kept } = setUp(t);
  const good = wantedOf({ wake: { threshold: 0.7 } });
  make().wanted.receive(good);
  const proven = make();
  await proven.wanted.start();
  proven.wanted.online();
  const broken = wantedOf({ hub: "http://127.0.0.1:9" });
  proven.wanted.receive(broken);

  const trying = make();
  t.equal(trying.config.hub, "http://127.0.0.1:9");
  await trying.wanted.start();
  await clock.advance(59_000);
  t.same(trying.changes, []);
  await clock.advance(1000);
  t.same(trying.changes, [false], "a restart with the one before");
  t.match(kept(), { current: good, refused: { revision: broken.revision } });

  const back = make();
  t.match(back.config, { wake: { threshold: 0.7 } });
  t.not(back.config.hub, "http://127.0.0.1:9");
  back.wanted.receive(broken);
  t.match(back.actuals, [
    { revision: good.revision, refused: { problems: [{ message: /not reached with it within 60 s/ }] } },
  ]);
  back.wanted.receive({ ...broken, again: true });
  t.same(back.changes, [false]);
});

t.test("what ends the process again and again is given up after three starts", async (t) => {
  const { make, kept } = setUp(t);
  const deadly = wantedOf({ wake: { threshold: 0.9 } });
  make().wanted.receive(deadly);
  for (const starts of [1, 2, 3]) {
    t.equal(make().config.wake.threshold, 0.9);
    t.equal(kept().trial.starts, starts);
  }
  t.equal(make().config.wake.threshold, 0.5);
  t.match(kept(), { refused: { problems: [{ message: /did not come up with it in 3 starts/ }] } });
  const { wanted, changes } = make();
  t.notOk(wanted.failed("anything"), "nothing is being tried");
  t.same(changes, []);
});

t.test("the node's own file keeps what it says it keeps, and what it denies stays denied", async (t) => {
  const { make, stateDir } = setUp(t, { room: "den", deny: ["gpio.*"], fleet: { deny: ["room", "wake"], trialS: 60 } });
  const { wanted, actuals } = make();
  wanted.receive(wantedOf({ room: "loft", wake: { threshold: 0.1 }, deny: ["audio.play"] }));
  t.match(actuals.at(-1)?.kept, ["room", "wake.threshold"]);
  t.match(make().config, { room: "den", wake: { threshold: 0.5 }, deny: ["gpio.*", "audio.play"] });
  writeFileSync(path.join(stateDir, "node.yaml"), JSON.stringify({ gpio: { lines: [] } }));
  writeFileSync(path.join(stateDir, "wanted.json"), "half a fi");
  t.match(make().config, { deny: [] }, "a copy that cannot be read is as good as none");
});
