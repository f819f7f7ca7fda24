import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import { type Method, type MethodContext, method, notHere } from "./method.ts";
import { inline, spoken } from "./tts.ts";

const SessionId = Type.String({ minLength: 1, maxLength: 200 });
const MOST_AUDIO = 1024 * 1024;
const REALTIME =
  "realtime speech needs a provider outside the house; here speech is recognised sentence by sentence (mode transcription)";
const NO_TOOLS = "a transcription session has no agent: it hears, and calls no tools";

export const talkMethods: readonly Method[] = [
  method({ name: "talk.catalog", access: "read", params: Type.Unknown(), run: (_params, context) => catalog(context) }),
  method({
    name: "talk.config",
    access: "read",
    accessOf: ({ includeSecrets }) => (includeSecrets ? "talkSecrets" : "read"),
    params: Type.Object({ includeSecrets: Type.Optional(Type.Boolean()) }),
    async run(_params, { hub }) {
      const { provider } = await hub.voices.status();
      const talk =
        provider === "" ? {} : { provider, providers: { [provider]: {} }, resolved: { provider, config: {} } };
      return { config: { talk, session: { mainKey: "main" } } };
    },
  }),
  method({
    name: "talk.mode",
    access: "talk",
    params: Type.Object({ enabled: Type.Boolean(), phase: Type.Optional(Type.String({ maxLength: 100 })) }),
    run({ enabled, phase }, { hub, broadcast }) {
      const mode = { enabled, phase: phase ?? null, ts: hub.clock.now() };
      broadcast.send("talk.mode", mode);
      return mode;
    },
  }),
  method({
    name: "talk.speak",
    access: "talk",
    support: { partial: "WAV by the programs of this machine; voice and rate are used, other wishes are not" },
    params: Type.Object({
      text: Type.String({ maxLength: 10_000 }),
      voiceId: Type.Optional(Type.String({ maxLength: 80 })),
      rateWpm: Type.Optional(Type.Number({ minimum: 60, maximum: 500 })),
    }),
    async run(params, context) {
      return { ...inline(await spoken("talk.speak", params, context)), voiceCompatible: false };
    },
  }),
  method({
    name: "talk.session.create",
    access: "talk",
    support: { partial: "mode transcription over the gateway, by the hub's own recogniser; no realtime" },
    params: Type.Object({
      mode: Type.Optional(Type.String({ maxLength: 40 })),
      transport: Type.Optional(Type.String({ maxLength: 40 })),
      brain: Type.Optional(Type.String({ maxLength: 40 })),
      provider: Type.Optional(Type.String({ maxLength: 80 })),
    }),
    run: (params, context) => create(params, context),
  }),
  method({
    name: "talk.session.appendAudio",
    access: "talk",
    params: Type.Object({ sessionId: SessionId, audioBase64: Type.String({ minLength: 1, maxLength: MOST_AUDIO }) }),
    run({ sessionId, audioBase64 }, { hub, peer }) {
      hub.talk.append(peer.connId, sessionId, Buffer.from(audioBase64, "base64"));
      return { ok: true };
    },
  }),
  method({
    name: "talk.session.cancelOutput",
    access: "talk",
    support: { partial: "a transcription session speaks nothing, so there is never anything to cancel" },
    params: Type.Object({ sessionId: SessionId }),
    run: () => ({ ok: true, status: "idle" }),
  }),
  method({
    name: "talk.session.close",
    access: "talk",
    params: Type.Object({ sessionId: SessionId }),
    async run({ sessionId }, { hub, peer }) {
      await hub.talk.close(peer.connId, sessionId);
      return { ok: true };
    },
  }),
  notHere("talk.session.steer", "talk", NO_TOOLS),
  notHere("talk.session.submitToolResult", "talk", NO_TOOLS),
  notHere("talk.session.acknowledgeMark", "talk", "a transcription session speaks nothing that could be acknowledged"),
  ...["create", "close", "transcript", "toolCall", "steer"].map((name) =>
    notHere(`talk.client.${name}`, "talk", REALTIME),
  ),
];

async function create(
  {
    mode = "transcription",
    transport = "gateway-relay",
    brain = "none",
  }: { mode?: string; transport?: string; brain?: string },
  { hub, peer }: MethodContext,
) {
  if (mode !== "transcription")
    throw new BarnacleError("METHOD_NOT_HERE", `mode "${mode}" is not supported here: ${REALTIME}`);
  if (transport !== "gateway-relay" || brain !== "none") {
    throw new BarnacleError("INPUT_INVALID", 'mode "transcription" takes transport "gateway-relay" and brain "none"');
  }
  const session = await hub.talk.open(peer.connId, (message) => peer.sendEvent("talk.event", message));
  return {
    ...{ sessionId: session.sessionId, transcriptionSessionId: session.sessionId, provider: session.provider },
    ...{ mode, transport, brain, expiresAt: session.expiresAt },
    audio: { inputEncoding: "pcm16", inputSampleRateHz: session.sampleRate },
  };
}

async function catalog({ hub }: MethodContext) {
  const { provider, providers } = await hub.voices.status();
  const ready = await hub.talk.ready();
  const format = [{ encoding: "pcm16", sampleRateHz: 16_000, channels: 1 }];
  return {
    ...{ modes: ["stt-tts", "transcription"], transports: ["gateway-relay"], brains: ["none"] },
    speech: {
      ready: provider !== "",
      ...(provider === "" ? {} : { activeProvider: provider }),
      providers: providers.map(({ id, name, configured }) => ({ id, label: name, configured, modes: ["stt-tts"] })),
    },
    transcription: {
      ready,
      activeProvider: hub.talk.provider,
      providers: [
        {
          ...{ id: hub.talk.provider, label: hub.talk.provider, configured: ready, modes: ["transcription"] },
          ...{ transports: ["gateway-relay"], brains: ["none"], inputAudioFormats: format },
        },
      ],
    },
    realtime: { ready: false, providers: [] },
  };
}
