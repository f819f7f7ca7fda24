import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import t from "tap";
import { operator, TURN, testGateway } from "./testing.ts";

const BIG = "x".repeat(1024 * 1024);

/** A gateway that answers `barnacle.turns.list` with a megabyte, and counts how often it was asked. */
async function wordy(t: Parameters<typeof testGateway>[0]) {
  const hub = await testGateway(t);
  const asked = { times: 0 };
  hub.voice.list = async () => {
    asked.times += 1;
    return [{ ...TURN, transcript: BIG }];
  };
  return { hub, asked };
}

t.test("a client that does not read is not listened to until it has read; no answer is lost", async (t) => {
  const { hub, asked } = await wordy(t);
  const client = await operator(t, hub);
  const other = await operator(t, hub);
  client.ws.pause();
  const answers: Promise<unknown>[] = [];
  for (let i = 0; i < 60; i++) {
    answers.push(client.request("barnacle.turns.list", {}));
    for (let j = 0; j < 20; j++) await turn();
  }
  const before = asked.times;
  t.ok(before < 60, "what it asks later waits");
  t.ok((await other.request("health")).ok);
  client.ws.resume();
  await Promise.all(answers);
  t.equal(asked.times, 60);
  t.equal(client.frames.filter(({ ok }) => ok).length, 61);
  t.ok((await client.request("health")).ok, "and again it is listened to");
  t.notOk(hub.counters.snapshot()["gateway.slowConsumers"]);
});

t.test("one that asked for more than can be kept for it is closed", async (t) => {
  const { hub, asked } = await wordy(t);
  const client = await operator(t, hub);
  client.ws.pause();
  const frames = Array.from({ length: 100 }, (_, i) => {
    const text = Buffer.from(JSON.stringify({ type: "req", id: `q${i}`, method: "barnacle.turns.list", params: {} }));
    return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]);
  });
  // In one piece, so that all of it is here before the first answer is.
  (client.ws as unknown as { _socket: Socket })._socket.write(Buffer.concat(frames));
  while (!hub.counters.snapshot()["gateway.slowConsumers"]) await turn();
  t.equal(hub.counters.snapshot()["gateway.slowConsumers"], 1, "counted once");
  t.equal(asked.times, 100);
  await hub.clock.advance(1000);
  client.ws.resume();
  await client.closed;
  t.ok(client.frames.length < 100);
});
