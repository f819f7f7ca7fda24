import { BarnacleError } from "@barnacle/protocol/errors";
import t from "tap";
import { testNode } from "./testing.ts";

t.test("what was said becomes a run in its session, in the voice's name, and the node hears the answer", async (t) => {
  const { agent, tell, nodeId, subscriptions, devices } = await testNode(t);
  await devices.setRoom(nodeId, "kitchen");
  t.same(await tell("voice.transcript", { text: " is it warm? ", sessionKey: null }), { handled: true });
  t.match(agent.runs.requests, [
    {
      runId: /^voice-/,
      ...{ sessionKey: "agent:main:main", message: "is it warm?", source: "voice", thinking: "low", room: "kitchen" },
      principal: { kind: "voice", id: nodeId, name: "Kitchen", room: "kitchen" },
    },
  ]);
  t.ok(subscriptions.has("agent:main:main"), "who asks hears the answer, and an error as well");
  for (const bad of [{}, { text: "" }, { text: "  " }, { text: "x".repeat(20_001) }, { text: 5 }, "text"]) {
    t.same(await tell("voice.transcript", bad), { handled: false, reason: "invalid_payload" });
  }
  t.equal(agent.runs.requests.length, 1);
});

t.test("the same sentence within a second and a half counts once; what failed may be said again at once", async (t) => {
  const { agent, tell, clock } = await testNode(t);
  const say = (said: object) => tell("voice.transcript", said);
  await say({ text: "stop", eventId: "e1" });
  t.same(await say({ text: "stop now", eventId: "e1" }), { handled: true, reason: "duplicate" });
  await say({ text: "stop", eventId: "e2" });
  await say({ text: "stop", sessionKey: "other", eventId: "e1" });
  await say({ text: "stop", callId: "c", sequence: 1 });
  await say({ text: "stop", callId: "c", sequence: 2 });
  await say({ text: "stop", timestamp: 5 });
  await say({ text: "stop" });
  t.same(await say({ text: "stop" }), { handled: true, reason: "duplicate" });
  t.equal(agent.runs.requests.length, 7);
  await clock.advance(1500);
  await say({ text: "stop" });
  t.equal(agent.runs.requests.length, 8);
  agent.runs.start = async () => {
    throw new BarnacleError("RATE_LIMITED", "too many wait");
  };
  await t.rejects(say({ text: "go" }), { code: "RATE_LIMITED" });
  await t.rejects(say({ text: "go" }), { code: "RATE_LIMITED" }, "it was not taken for a repetition");
});

t.test("a request to the agent has its own session, its options, and one run per key", async (t) => {
  const { agent, tell, nodeId } = await testNode(t);
  const png = Buffer.from("89504e470d0a1a0a00", "hex").toString("base64");
  const attachments = [{ mimeType: "image/heic", fileName: null, content: png }];
  await tell("agent.request", { message: "look", thinking: "off", timeoutSeconds: 30, key: "k", attachments });
  await tell("agent.request", { message: "look", key: "k" });
  await tell("agent.request", { message: "send it", sessionKey: "main", deliver: true, thinking: null });
  t.match(agent.runs.requests, [
    {
      runId: `node-${nodeId.slice(0, 12)}-k`,
      ...{ sessionKey: `agent:main:node-${nodeId}`, message: "look", thinking: "off", timeoutMs: 30_000 },
      ...{ deliver: false, attachments: [{ mimeType: "image/png", content: png }] },
    },
    { sessionKey: "agent:main:main", deliver: true, thinking: undefined },
  ]);
  t.equal(agent.runs.requests.length, 2);
  for (const content of ["AA==", "no base64!", Buffer.from("<svg/>").toString("base64")]) {
    const posing = { message: "look", attachments: [{ mimeType: "image/png", content }] };
    t.same(await tell("agent.request", posing), { handled: false, reason: "invalid_payload" });
  }
  t.equal(agent.runs.requests.length, 2, "only pictures come with a request");
  t.same(await tell("agent.request", { message: " " }), { handled: false, reason: "invalid_payload" });
});

t.test("sessions are subscribed to under their canonical key", async (t) => {
  const { tell, subscriptions } = await testNode(t);
  await tell("chat.subscribe", { sessionKey: "main" });
  t.same([...subscriptions], ["agent:main:main"]);
  await tell("chat.unsubscribe", { sessionKey: "agent:main:main" });
  t.same([...subscriptions], []);
  t.same(await tell("chat.subscribe", {}), { handled: false, reason: "invalid_payload" });
});

t.test("programs and notifications are told to the session; programs only by nodes that run some", async (t) => {
  const { agent, tell, devices, nodeId } = await testNode(t);
  await tell("exec.started", { sessionKey: "main", runId: "r1", command: "make" });
  await tell("exec.finished", { runId: "r1", exitCode: 2, output: "a".repeat(5000) });
  await tell("exec.finished", { sessionKey: "main", timedOut: true, suppressNotifyOnExit: true });
  await tell("exec.denied", { sessionKey: "main", reason: "allowlist miss", command: "rm" });
  await tell("notifications.changed", {
    change: "posted",
    key: "k",
    packageName: "app",
    title: "Post",
    text: "A parcel",
  });
  await tell("notifications.changed", { change: "removed", key: "k" });
  t.match(agent.sessions.queued, [
    { sessionKey: "agent:main:main", text: "Exec started (node=Kitchen id=r1): make" },
    { sessionKey: `agent:main:node-${nodeId}`, text: /^Exec finished \(node=Kitchen id=r1\), code 2\n…a{4000}$/ },
    { text: "Exec denied (node=Kitchen), allowlist miss: rm" },
    { text: "Notification posted (node=Kitchen key=k package=app): Post - A parcel" },
    { text: "Notification removed (node=Kitchen key=k)" },
  ]);
  const manifest = devices.get(nodeId)?.manifest;
  if (!manifest) throw new RangeError("the test's own node has a manifest");
  await devices.setManifest(nodeId, { ...manifest, commands: [] });
  t.same(await tell("exec.started", {}), { handled: false, reason: "unmatched_exec_event" });
});

t.test(
  "what a node tells of its machine is kept as long as its connection, and only its newest one counts",
  async (t) => {
    const { tell, nodes, nodeId, clock } = await testNode(t);
    const heard: object[] = [];
    nodes.offers.events.on("hostStats", (event) => heard.push(event), t);
    nodes.offers.events.on("activity", (event) => heard.push(event), t);
    const stats = { cpuCount: 4, loadAverage: [0, 0, 0], memoryTotalBytes: 10, memoryFreeBytes: 5 };
    t.same(await tell("node.host.stats", stats), { handled: true, reason: "updated" });
    t.same(await tell("node.host.stats", { ...stats, memoryFreeBytes: 11 }), {
      handled: false,
      reason: "invalid_payload",
    });
    t.same(await tell("node.host.stats", stats, "older"), { handled: false, reason: "stale_connection" });
    t.same(await tell("node.presence.alive", { trigger: "manual" }), { handled: true, reason: "updated" });
    t.same(await tell("node.presence.alive", { trigger: "background" }), { handled: true, reason: "throttled" });
    t.same(await tell("node.presence.activity", { idleSeconds: 2 }), { handled: true, reason: "updated" });
    t.same(await tell("node.presence.activity", {}), { handled: false, reason: "invalid_payload" });
    const now = clock.now();
    t.match(nodes.offers.facts(nodeId), {
      hostStats: { ...stats, updatedAtMs: now },
      activity: { lastActiveAtMs: now - 2000, presenceUpdatedAtMs: now },
      lastSeenReason: "manual",
    });
    t.same(await tell("node.presence.activity", { action: "clear" }), { handled: true, reason: "cleared" });
    t.match(heard, [
      { nodeId, hostStats: { cpuCount: 4 } },
      { nodeId, lastActiveAtMs: now - 2000 },
      { nodeId, lastActiveAtMs: null },
    ]);
    nodes.offers.leave(nodeId, "older");
    t.ok(nodes.offers.facts(nodeId).hostStats);
    nodes.offers.leave(nodeId, "c1");
    t.same(nodes.offers.facts(nodeId), {});
    t.same(await tell("of.tomorrow", {}), { handled: false, reason: "unsupported_event" });
  },
);
