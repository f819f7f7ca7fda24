import t from "tap";
import { operator, testGateway } from "./testing.ts";

interface Sent {
  readonly id: string;
  readonly delivery_state: string;
}

t.test("mail and nudges over the gateway: sent, told, read, acknowledged, recorded without its body", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  const call = async <T>(method: string, params?: unknown) => (await client.call<{ result: T }>(method, params)).result;
  const [sent] = await call<Sent[]>("mail.send", {
    ...{ to: "garden/polecats/toast", subject: "Fix the gate", body: "It squeaks.", priority: "high", actor: "mayor/" },
  });
  t.match(sent, { from: "mayor/", priority: "high", delivery_state: "pending" });
  t.match(await client.nextEvent("mail.changed"), {
    payload: { id: sent?.id, kind: "sent", data: { from: "mayor/" } },
  });
  t.match(await call("mail.check", { identity: "garden/polecats/toast" }), { pending: 1 });
  const mine = { actor: "garden/polecats/toast" };
  t.match(await call("mail.read", { id: sent?.id, ...mine }), { delivery_state: "delivered" });
  t.match(await call("mail.ack", { ids: [sent?.id], ...mine }), [{ acknowledged: "now" }]);
  t.match(await call("mail.ack", { ids: [sent?.id], ...mine }), [{ acknowledged: "before" }]);
  t.match(await call("mail.inbox", { identity: "garden/polecats/toast" }), [{ id: sent?.id, read: true }]);
  await call("mail.queueSet", { name: "builds", max_claims: 1 });
  await call("mail.send", { to: "queue:builds", subject: "now" });
  t.match(await call("mail.claim", { queue: "builds", actor: "ben" }), { claimed_by: "ben" });
  t.equal(await call("mail.claim", { queue: "builds", actor: "carl" }), null);
  t.match((await client.request("mail.claim", {})).error, { message: /either a queue or the id/ });
  t.match((await client.request("mail.send", { to: "ben", subject: "x", priority: "soon" })).error, {
    message: /invalid mail.send params/,
  });
  t.match(await call("nudges.nudge", { to: "ben", text: "tea", actor: "anna" }), { to: "ben", delivered: "queued" });
  t.match(await client.nextEvent("nudges.changed"), { payload: { id: "ben", kind: "queued" } });
  t.match(await call("nudges.list", { address: "ben" }), [{ text: "tea", from: "anna" }]);
  t.match(await call("nudges.dnd", { on: true, actor: "ben" }), { address: "ben", level: "muted" });
  t.match(await call("nudges.nudge", { to: "ben", text: "more tea" }), { delivered: "muted" });
  t.match(await call("nudges.take", { actor: "ben" }), [{ text: "tea" }]);
  t.same(await call("nudges.broadcast", { text: "tea" }), []);
  const records = (await hub.audit.list({ limit: 100 })).filter(({ subject }) => subject === "mail.send");
  t.match(records[0]?.data, { params: { subject: "Fix the gate" } });
  t.notMatch(JSON.stringify(records), /squeaks/);
});

t.test("reading mail asks for operator.read, sending it for operator.write", async (t) => {
  const hub = await testGateway(t);
  const reader = await operator(t, hub, { scopes: ["operator.read"] });
  t.match(await reader.request("mail.inbox", { identity: "overseer" }), { ok: true });
  for (const [method, params] of [
    ["mail.send", { to: "ben", subject: "x" }],
    ["mail.read", { id: "hq-1" }],
    ["nudges.nudge", { to: "ben", text: "x" }],
  ] as const) {
    t.match((await reader.request(method, params)).error, { message: /missing scope: operator.write/ }, method);
  }
});
