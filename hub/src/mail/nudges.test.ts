import t from "tap";
import { READS, WRITES } from "./nudge-operations.ts";
import { Nudges } from "./nudges.ts";
import { settled, testMail } from "./testing.ts";

const TOAST = "garden/polecats/toast";
const BUTTER = "garden/polecats/butter";

t.test("each mode waits for its moment: immediate for life, wait-idle for rest, queue for the next turn", async (t) => {
  const { nudges, agents, become } = await testMail(t);
  const nudge = async (text: string, mode?: "wait-idle" | "queue" | "immediate") =>
    (await nudges.nudge("mayor/", { to: TOAST, text, ...(mode === undefined ? {} : { mode }) })).delivered;
  const heard = () => agents.delivered.map(({ text }) => text);
  agents.states.set(TOAST, "idle");
  t.equal(await nudge("a"), "now");
  t.equal(await nudge("b", "immediate"), "now");
  agents.states.set(TOAST, "busy");
  t.equal(await nudge("c", "immediate"), "now");
  t.equal(await nudge("d"), "queued");
  t.equal(await nudge("e", "queue"), "queued");
  t.same(heard(), ["a", "b", "c"]);
  become(TOAST, "busy");
  await settled();
  t.same(heard(), ["a", "b", "c"], "not while it works");
  become(TOAST, "idle");
  await settled();
  t.same(heard(), ["a", "b", "c", "d", "e"], "in their order");
  become(TOAST, "away");
  t.equal(await nudge("f", "immediate"), "queued");
  become(TOAST, "busy");
  await settled();
  t.same(heard().slice(5), ["f"], "running is enough for it");
});

t.test("an agent at work is not interrupted for 15 s, or until its turn ends", async (t) => {
  const { nudges, agents, clock, events } = await testMail(t);
  agents.states.set(TOAST, "busy");
  const heard = () => agents.delivered.map(({ text }) => text);
  await nudges.nudge("witness", { to: TOAST, text: "How far?" });
  await nudges.nudge("mayor/", { to: TOAST, text: "later", mode: "queue" });
  await clock.advance(14_000);
  await settled();
  t.same(heard(), []);
  await clock.advance(1_000);
  await settled();
  t.same(heard(), ["How far?"], "who is stuck is told all the same");
  events.emit("changed", { noun: "workers", id: TOAST, kind: "heartbeat", at: clock.now() });
  await settled();
  t.same(heard(), ["How far?", "later"]);
});

t.test("what waits survives a restart, is handed over once, and not after its life", async (t) => {
  const { nudges, agents, shared, reading, clock, become } = await testMail(t);
  await nudges.nudge("mayor/", { to: TOAST, text: "soon" });
  await nudges.nudge("mayor/", { to: TOAST, text: "urgently", priority: "urgent" });
  t.match(READS.list(reading, { address: TOAST }), [{ text: "soon", from: "mayor/", mode: "wait-idle" }, {}]);
  await nudges.stop();
  await clock.advance(31 * 60_000);
  agents.states.set(TOAST, "idle");
  const next = new Nudges({ ...shared, deliver: agents });
  await next.start();
  t.teardown(() => next.stop());
  await settled();
  t.match(
    agents.delivered.map(({ text }) => text),
    ["urgently"],
    "half an hour for an ordinary one, two for an urgent one",
  );
  become(TOAST, "idle");
  await settled();
  t.equal(agents.delivered.length, 1);
  agents.states.set(TOAST, "away");
  await next.nudge("mayor/", { to: TOAST, text: "late", priority: "urgent" });
  await clock.advance(2 * 3_600_000);
  become(TOAST, "idle");
  await settled();
  t.equal(agents.delivered.length, 1);
  t.same(READS.list(reading, { address: TOAST }), []);
});

t.test("an agent that cannot be reached keeps its nudges; fifty wait and no more", async (t) => {
  const { nudges, agents, reading, become } = await testMail(t);
  agents.states.set(TOAST, "idle");
  agents.broken = true;
  for (let n = 0; n < 50; n++) t.equal((await nudges.nudge("mayor/", { to: TOAST, text: `${n}` })).delivered, "queued");
  await t.rejects(nudges.nudge("mayor/", { to: TOAST, text: "51" }), { code: "RATE_LIMITED", hint: /mail send/ });
  agents.broken = false;
  become(TOAST, "idle");
  await settled(400);
  t.same(
    agents.delivered.map(({ text }) => text),
    Array.from({ length: 50 }, (_, n) => `${n}`),
    "each once, in their order",
  );
  t.same(READS.list(reading, { address: TOAST }), []);
  agents.states.set(TOAST, "away");
  await nudges.nudge("mayor/", { to: TOAST, text: "asked for" });
  t.match(await nudges.take(TOAST), [{ text: "asked for" }]);
  t.same(await nudges.take(TOAST), []);
  for (const wrong of [{ text: " " }, { to: "a//b" }]) {
    await t.rejects(nudges.nudge("mayor/", { to: TOAST, text: "x", ...wrong }), { code: "INPUT_INVALID" });
  }
});

t.test("who is not to be disturbed hears nothing but what is forced; what waited comes afterwards", async (t) => {
  const { nudges, agents, become, reading } = await testMail(t);
  const call = { town: { nudges } as never, who: TOAST };
  const say = async (text: string, more: object = {}) =>
    (await nudges.nudge("mayor/", { to: TOAST, text, ...more })).delivered;
  agents.states.set(TOAST, "busy");
  t.equal(await say("before"), "queued");
  t.match(await WRITES.dnd.run(call, { on: true }), { address: TOAST, level: "muted" });
  t.equal(await say("no"), "muted");
  t.equal(await say("no", { priority: "urgent", mode: "immediate" }), "muted");
  t.equal(await say("yes", { force: true, mode: "immediate" }), "now");
  t.equal(await say("forced", { force: true }), "queued");
  become(TOAST, "idle");
  await settled();
  t.same(
    agents.delivered.map(({ text }) => text),
    ["yes", "forced"],
  );
  t.match(await WRITES.dnd.run(call, { on: false }), { level: "normal" });
  await settled();
  t.equal(agents.delivered.at(-1)?.text, "before");
  t.equal(await say("chatter", { priority: "low" }), "muted", "normal is not everything");
  t.match(await WRITES.notify.run(call, { level: "verbose" }), { level: "verbose" });
  t.equal(await say("chatter", { priority: "low" }), "now");
  await WRITES.dnd.run(call, { on: true });
  await WRITES.dnd.run(call, { on: true });
  t.match(await WRITES.dnd.run(call, { on: false }), { level: "verbose" }, "as loud as before");
  t.match(await WRITES.dnd.run(call, { on: false }), { level: "verbose" });
  t.match(READS.levels(reading, {}), [{ address: TOAST, level: "verbose" }]);
  t.match(READS.level(reading, { address: BUTTER }), { level: "normal" });
  const agent = { ...call, who: BUTTER, principal: { kind: "agent", id: BUTTER } as const };
  await WRITES.notify.run(agent, { address: TOAST, level: "muted" });
  t.match(READS.level(reading, { address: TOAST }), { level: "verbose" }, "an agent speaks for itself alone");
});

t.test("a broadcast reaches those that run and are meant, and not who says it", async (t) => {
  const { nudges, agents } = await testMail(t);
  for (const [one, state] of [
    ["mayor/", "idle"],
    [TOAST, "idle"],
    [BUTTER, "away"],
    ["shop/polecats/jam", "busy"],
    ["shop/witness", "idle"],
  ] as const) {
    agents.states.set(one, state);
  }
  const to = async (more: object = {}) =>
    (await nudges.broadcast("mayor", { text: "tea", ...more })).map((one) => one.to);
  t.same(await to(), [TOAST, "shop/polecats/jam", "shop/witness"]);
  t.same(await to({ rig: "shop" }), ["shop/polecats/jam", "shop/witness"]);
  t.same(await to({ role: "witness" }), ["shop/witness"]);
  t.same(await to({ to: "*/polecats/*" }), [TOAST, "shop/polecats/jam"]);
  await nudges.dnd(TOAST, true);
  t.match(await nudges.broadcast("anna", { text: "tea", rig: "garden" }), [{ to: TOAST, delivered: "muted" }]);
});
