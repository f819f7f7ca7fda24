/** The real child process. */
import { once } from "node:events";
import t from "tap";
import type { EngineSpec } from "../engine.ts";
import { type EngineChild, EngineProcess, forkEngine } from "./process.ts";

const GRAMMAR = { hash: "1", jsgf: "", pronunciations: {} };
const common = { library: "/nowhere/lib.so", model: "/nowhere", wakePhrases: [], threshold: 0.5 };

t.test("what an engine throws reaches the parent with its code, hint and details", async (t) => {
  const process = new EngineProcess(forkEngine(), () => t.fail("it must not die"));
  t.teardown(() => process.close());
  const specs: EngineSpec[] = [
    { engine: "vosk", ...common },
    { engine: "pocketsphinx", dictionary: "", ...common },
  ];
  for (const spec of specs) {
    await t.rejects(process.request({ type: "load", spec, grammar: GRAMMAR }), {
      code: "LIBRARY_MISSING",
      message: /\/nowhere\/lib\.so/,
      details: { file: "/nowhere/lib.so" },
    });
  }
});

t.test("a child that is killed fails what waits and everything after", async (t) => {
  const died = Promise.withResolvers<void>();
  const process = new EngineProcess(forkEngine(), died.resolve);
  const spec: EngineSpec = { engine: "vosk", ...common };
  const waiting = process.request({ type: "load", spec, grammar: GRAMMAR });
  process.kill();
  await t.rejects(waiting, { code: "HARDWARE_UNAVAILABLE", message: /SIGKILL/ });
  await died.promise;
  t.ok(process.gone);
  process.post({ type: "start" });
  await t.rejects(process.request({ type: "finish" }), { code: "HARDWARE_UNAVAILABLE" });
  await process.close();
});

t.test("the child ends when its parent's channel closes", async (t) => {
  const child: EngineChild = forkEngine();
  const exit = once(child as never, "exit");
  child.disconnect();
  const [code] = await exit;
  t.equal(code, 0);
});
