import t from "tap";
import { v3Schemas, v4Schemas } from "./conformance.ts";
import { operator, outcome, testGateway } from "./testing.ts";

t.test("the rooms are a channel, with every map that clients read", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  const status = await client.call("channels.status", { probe: true, timeoutMs: 100 });
  t.equal(v3Schemas()("ChannelsStatusResult", status), undefined);
  t.equal(v4Schemas()("ChannelsStatusResult", status), undefined);
  t.match(status, { channelOrder: ["rooms"], channelAccounts: { rooms: [{ accountId: "kitchen", running: false }] } });
  const pairing = await client.call("channels.pairing.list");
  t.equal(v4Schemas()("ChannelsPairingListResult", pairing), undefined);
  t.match(await client.call("channels.start", { channel: "rooms" }), { channel: "rooms", started: true });
  const refused = async (method: string, params: object, message: RegExp) =>
    t.match((await client.request(method, params)).error, { message }, method);
  await refused("channels.stop", { channel: "rooms" }, /cannot be stopped/);
  await refused("channels.logout", { channel: "rooms" }, /does not support logout/);
  await refused("channels.logout", { channel: "whatsapp" }, /unsupported channel: whatsapp/);
  await refused("web.login.start", {}, /web.login.start is not supported here: .*no account/);
  await refused("poll", {}, /cannot be polled/);
});

t.test("a message is spoken in its room, in the words of the protocol", async (t) => {
  const hub = await testGateway(t);
  const spoken: unknown[] = [];
  hub.commands.answer = async (call) => {
    spoken.push([call.deviceId, call.params]);
    return outcome(call, {});
  };
  const there = { deviceId: "k", displayName: "Kitchen", room: "kitchen", score: 1, why: "" };
  hub.route = () => ({ ranked: [there], rejected: [] });
  const client = await operator(t, hub);
  const message = { to: "kitchen", message: "dinner", idempotencyKey: "k1" };
  const sent = await client.call("send", message);
  t.match(sent, { runId: "k1", messageId: String, channel: "rooms", chatId: "kitchen" });
  t.same(await client.call("send", { ...message, channel: "rooms" }), sent);
  t.same(spoken, [["k", { text: "dinner" }]]);
  const refused = async (params: object, text: RegExp) =>
    t.match((await client.request("send", { ...message, idempotencyKey: "k2", ...params })).error, {
      code: "INVALID_REQUEST",
      message: text,
    });
  await refused({ channel: "telegram" }, /unsupported channel: telegram/);
  await refused({ mediaUrl: "http://x/y.png" }, /text only/);
  await refused({ message: "" }, /message \(text\) required/);
  await refused({ to: "attic" }, /no room is called "attic"/);
});
