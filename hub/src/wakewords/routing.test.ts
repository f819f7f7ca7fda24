import { FakeClock } from "@barnacle/protocol/runtime";
import t from "tap";
import { temporaryStore } from "../store/testing.ts";
import { StoredWakeRouting } from "./index.ts";

t.test("a phrase leads to its agent or session, any other to the default, and a restart keeps it", async (t) => {
  const clock = new FakeClock();
  const store = await temporaryStore(t, clock);
  const routing = new StoredWakeRouting({ store, clock });
  await routing.start();
  t.same(routing.target("hey jarvis"), { mode: "current" });
  const heard: unknown[] = [];
  routing.events.on("changed", ({ config }) => heard.push(config));
  const kitchen = { sessionKey: "agent:main:room:kitchen" };
  const config = await routing.set({ routes: [{ trigger: " Hey, Chef! ", target: kitchen }] });
  t.same(config.routes, [{ trigger: "hey chef", target: kitchen }]);
  t.same(heard, [config]);
  await routing.set({ defaultTarget: { agentId: "butler" } });
  const again = new StoredWakeRouting({ store, clock });
  await again.start();
  t.same(again.target("hey_chef"), kitchen);
  t.same(again.target("hey jarvis"), { agentId: "butler" });
  t.same(again.target(undefined), { agentId: "butler" });
  t.match(again.get(), { version: 1, updatedAtMs: clock.now() });
});

t.test("routes that contradict each other, say nothing or are too many are refused", async (t) => {
  const clock = new FakeClock();
  const routing = new StoredWakeRouting({ store: await temporaryStore(t, clock), clock });
  const to = (trigger: string) => ({ trigger, target: { agentId: "main" } });
  const refused = (routes: ReturnType<typeof to>[], message: RegExp) =>
    t.rejects(routing.set({ routes }), { code: "INPUT_INVALID", message });
  await refused([to("hey"), to("Hey!")], /two routes/);
  await refused([to("!")], /no words/);
  await refused(
    Array.from({ length: 33 }, (_, i) => to(`word ${i}`)),
    /at most 32/,
  );
  t.same(routing.get().routes, []);
});
