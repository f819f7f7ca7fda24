import type { Recogniser } from "@barnacle/hardware/speech";
import { FakeWake } from "@barnacle/hardware/wake";
import type { NodeConfig } from "@barnacle/protocol/mqtt";
import { silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { openDatabase, Settings } from "../state/index.ts";
import { Household } from "./index.ts";

const grammar = (hash: string): NonNullable<NodeConfig["grammar"]> => ({
  hash,
  jsgf: "#JSGF V1.0; grammar g; public <s> = help;",
  pronunciations: {},
});

t.test("stop waits for what is being applied and takes nothing new, so no recogniser is loaded after it", async (t) => {
  const db = openDatabase(t.testdir({}));
  t.teardown(() => db.close());
  const loaded: string[] = [];
  let letGo = (): void => {};
  const recogniser: Recogniser = {
    name: "slow",
    load: async ({ hash }) => {
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
      loaded.push(hash);
    },
    setGrammar: async ({ hash }) => void loaded.push(hash),
    begin: () => ({
      feed() {},
      finish: async () => ({ outcome: "no-speech", text: "", confidence: 0, engine: "slow" }),
      cancel() {},
    }),
    close: async () => {},
  };
  const household = new Household({
    settings: new Settings(db),
    room: "kitchen",
    phrases: [],
    current: [],
    recogniser,
    wakePhrases: undefined,
    makeWake: async (phrases) => new FakeWake(phrases),
    useWake: async () => {},
    notice: () => {},
    changed: () => {},
    log: silentLog,
  });
  await household.start();
  const config: NodeConfig = { hubVersion: "1", wakeWords: [], grammar: grammar("first-grammar") };
  const first = household.apply(config);
  const second = household.apply({ ...config, grammar: grammar("second-grammar") });
  await new Promise((resolve) => setImmediate(resolve));
  let stopped = false;
  const stop = household.stop().then(() => {
    stopped = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.notOk(stopped, "the first grammar is still being loaded");
  letGo();
  await Promise.all([first, second, stop]);
  t.same(loaded, ["first-grammar"]);
});
