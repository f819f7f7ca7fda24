import { existsSync } from "node:fs";
import t from "tap";
import { v4Schemas } from "./conformance.ts";
import { operator, testGateway } from "./testing.ts";

const V4 = { scopes: ["operator.admin"], params: { minProtocol: 4, maxProtocol: 4 } };
const fits = v4Schemas();

t.test("the hub's voice, as both protocols ask for it", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub, V4);
  t.match(await client.call("tts.status"), {
    ...{ enabled: true, auto: "inbound", provider: "flat", persona: null, personas: [], fallbackProvider: null },
    ...{ fallbackProviders: [], hasOpenAIKey: false, hasElevenLabsKey: false, edgeEnabled: false },
    providerStates: [
      { id: "flat", configured: true },
      { id: "mute", configured: false },
    ],
  });
  t.match(await client.call("tts.providers"), { active: "flat", providers: [{ models: [], voices: [] }, {}] });
  t.same(await client.call("tts.disable"), { enabled: false });
  t.match(await client.call("tts.status"), { enabled: false, auto: "off" });
  t.same(await client.call("tts.enable"), { enabled: true });
  t.same(await client.call("tts.setProvider", { provider: "mute" }), { provider: "mute" });
  t.match((await client.request("tts.setProvider", { provider: "edge" })).error, { message: /^Invalid provider/ });
  t.same(await client.call("tts.personas"), { active: null, personas: [] });
  t.same(await client.call("tts.setPersona", { persona: "off" }), { persona: null });
  t.match((await client.request("tts.setPersona", { persona: "pirate" })).error, { message: /^Invalid persona/ });
  const spoken = await client.call<{ audioBase64: string }>("tts.speak", { text: "hello" });
  t.equal(fits("TtsSpeakResult", spoken), undefined);
  t.equal(Buffer.from(spoken.audioBase64, "base64").toString(), "RIFF hello");
  t.equal(fits("TalkSpeakResult", await client.call("talk.speak", { text: "hello", rateWpm: 120 })), undefined);
  const { audioPath } = await client.call<{ audioPath: string }>("tts.convert", { text: "hello" });
  t.ok(existsSync(audioPath));
  t.match((await client.request("tts.convert", {})).error, { message: "tts.convert requires text" });
});

t.test("talk: what there is, its mode, and dictation", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub, V4);
  const catalog = await client.call("talk.catalog");
  t.equal(fits("TalkCatalogResult", catalog), undefined);
  t.match(catalog, { transcription: { ready: true }, realtime: { ready: false, providers: [] } });
  t.equal(fits("TalkConfigResult", await client.call("talk.config")), undefined);
  const mode = await client.call("talk.mode", { enabled: true, phase: "listening" });
  t.same((await client.event("talk.mode")).payload, mode);
  const wanted = { mode: "transcription", transport: "gateway-relay", brain: "none" };
  const session = await client.call<{ sessionId: string }>("talk.session.create", wanted);
  t.equal(fits("TalkSessionCreateResult", session), undefined);
  t.match(session, { audio: { inputEncoding: "pcm16", inputSampleRateHz: 16_000 } });
  const { sessionId } = session;
  const audioBase64 = Buffer.alloc(3200, 1).toString("base64");
  t.same(await client.call("talk.session.appendAudio", { sessionId, audioBase64, timestamp: 1 }), { ok: true });
  t.equal(
    fits("TalkSessionCancelOutputResult", await client.call("talk.session.cancelOutput", { sessionId })),
    undefined,
  );
  t.same(await client.call("talk.session.close", { sessionId }), { ok: true });
  const events = client.frames.filter(({ event }) => event === "talk.event");
  t.ok(events.length >= 2);
  for (const { payload, seq } of events) {
    t.equal(fits("TalkEvent", (payload as unknown as { talkEvent: unknown }).talkEvent), undefined);
    t.equal(seq, undefined, "to this connection alone");
  }
  const refused = async (method: string, params: object, message: RegExp) =>
    t.match((await client.request(method, params)).error, { message }, method);
  await refused(
    "talk.session.create",
    { mode: "realtime" },
    /mode "realtime" is not supported here: .*outside the house/,
  );
  await refused("talk.session.create", { brain: "agent-consult" }, /brain "none"/);
  await refused("talk.session.close", { sessionId }, /unknown transcription session/);
  await refused("talk.client.create", {}, /not supported here/);
});

t.test("a connection that goes away takes its dictation along", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub, V4);
  await client.call("talk.session.create", {});
  await client.call("talk.session.create", {});
  t.match((await client.request("talk.session.create", {})).error, { message: /too many/ });
  let dropped = "";
  const { drop } = hub.talk;
  hub.talk.drop = (connId) => {
    dropped = connId;
    drop.call(hub.talk, connId);
  };
  await client.close();
  const other = await operator(t, hub, V4);
  await other.call("health");
  t.not(dropped, "");
  const reader = await operator(t, hub, { ...V4, scopes: ["operator.read"] });
  t.match((await reader.request("talk.session.create", {})).error, { code: "FORBIDDEN" });
  t.match((await reader.request("talk.config", { includeSecrets: true })).error, { code: "FORBIDDEN" });
  t.ok((await reader.request("talk.config", {})).ok);
});
