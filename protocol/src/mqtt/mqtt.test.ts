import fc from "fast-check";
import t from "tap";
import { hasCode } from "../errors/index.ts";
import type { TopicName } from "./index.ts";
import {
  decode,
  encode,
  MAX_PAYLOAD_BYTES,
  MQTT_CONTRACT,
  mayPublish,
  maySubscribe,
  parseTopic,
  prefixFor,
  topicFor,
} from "./index.ts";

const node = "a".repeat(64);
const address = { site: "home", node };
const names = Object.keys(MQTT_CONTRACT) as TopicName[];
const idFor = (name: TopicName): string | undefined => (MQTT_CONTRACT[name].path.includes("+") ? "id-1" : undefined);

t.test("every topic is written and read back", async (t) => {
  for (const name of names) {
    const topic = topicFor(address, name, idFor(name));
    t.match(topic, /^barnacle\/home\/v1\/a{64}\//);
    t.same(parseTopic(topic), { ...address, name, id: idFor(name) }, topic);
  }
  t.throws(() => topicFor(address, "command"), { code: "INPUT_INVALID", message: /needs an id/ });
  t.throws(() => topicFor(address, "state", "x"), { code: "INPUT_INVALID", message: /takes no id/ });
});

t.test("a level outside the safe alphabet never becomes part of a topic", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 70 }), async (text) => {
      if (/^[a-z0-9_-]{1,64}$/.test(text)) return true;
      try {
        topicFor(address, "command", text);
        return false;
      } catch (error) {
        return hasCode(error, "INPUT_INVALID");
      }
    }),
  );
  for (const topic of [
    "",
    "barnacle",
    "barnacle/home/v2/x/state",
    "barnacle/home/v1/x/other",
    "barnacle/home/v1/x/res/a/b",
    "other/home/v1/x/state",
  ])
    t.equal(parseTopic(topic), undefined, topic);
});

t.test("a node may publish its own node-to-hub topics and nothing else", async (t) => {
  const stranger = { site: "home", node: "b".repeat(64) };
  for (const name of names) {
    const spec = MQTT_CONTRACT[name];
    const topic = topicFor(address, name, idFor(name));
    const up = spec.direction === "node-to-hub";
    t.equal(mayPublish(address, topic, spec.qos, spec.retain), up, `publish ${name}`);
    t.notOk(mayPublish(stranger, topic, spec.qos, spec.retain), `another's ${name}`);
    t.notOk(mayPublish(address, topic, spec.qos, !spec.retain), `${name} with the wrong retain flag`);
    t.notOk(mayPublish(address, topic, 2, spec.retain), `${name} at QoS 2`);
    t.equal(maySubscribe(address, topic), !up, `subscribe ${name}`);
    t.equal(maySubscribe(address, `${prefixFor(address)}${spec.path}`), !up, `subscribe ${spec.path}`);
    t.notOk(maySubscribe(stranger, topic), `subscribe another's ${name}`);
  }
  for (const filter of [
    "#",
    "barnacle/#",
    "barnacle/home/v1/+/cmd/+",
    `${prefixFor(address)}#`,
    `${prefixFor(address)}cmd/#`,
    "$SYS/#",
  ])
    t.notOk(maySubscribe(address, filter), filter);
  t.ok(mayPublish(address, `${prefixFor(address)}audio/s1`, 0, false));
  t.notOk(mayPublish(address, `${prefixFor(address)}audio/s1`, 1, false));
});

const stamp = { id: "m-1", ts: 1000 };
const state = { status: "online", incarnation: 3, agentVersion: "0.1.0" } as const;

t.test("a message survives the wire; unknown members are ignored", async (t) => {
  const decoded = decode("state", encode("state", stamp, state), 1000);
  t.match(decoded, { id: "m-1", ts: 1000, body: state });
  const future = Buffer.from(JSON.stringify({ v: 1, ...stamp, newMember: 1, body: { ...state, colour: "red" } }));
  t.match(decode("state", future, 1000).body, state);
});

t.test("what is malformed is named: member, expectation and what came", async (t) => {
  const raw = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const cases: [string, Buffer, RegExp][] = [
    ["not JSON", Buffer.from("{half"), /JSON was expected/],
    ["no envelope", raw(state), /\/v: .*missing/],
    ["another version", raw({ v: 2, ...stamp, body: state }), /\/v: expected 1, got 2/],
    [
      "wrong member",
      raw({ v: 1, ...stamp, body: { ...state, incarnation: "three" } }),
      /\/incarnation: expected integer, got "three"/,
    ],
    ["missing member", raw({ v: 1, ...stamp, body: { status: "online" } }), /\/agentVersion.*missing/],
    ["too large", Buffer.alloc(MAX_PAYLOAD_BYTES + 1), /bytes, at most/],
    ["null", raw(null), /expected object/],
  ];
  for (const [name, payload, message] of cases)
    t.throws(() => decode("state", payload, 0), { code: "MESSAGE_MALFORMED", message }, name);
  t.throws(
    () => encode("state", stamp, { ...state, incarnation: -1 }),
    { code: "MESSAGE_MALFORMED" },
    "nothing malformed leaves",
  );
});

t.test("an expired message is refused, one that expires now is not", async (t) => {
  const payload = encode("state", { ...stamp, exp: 2000 }, state);
  t.equal(decode("state", payload, 2000).exp, 2000);
  t.throws(() => decode("state", payload, 2001), { code: "MESSAGE_EXPIRED", message: /expired 1 ms ago/ });
});

t.test("random bytes never get past the decoder and never throw anything foreign", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.uint8Array({ maxLength: 200 }),
      fc.json(),
      async (name, bytes, json) => {
        for (const payload of [
          bytes,
          Buffer.from(json),
          Buffer.from(JSON.stringify({ v: 1, ...stamp, body: JSON.parse(json) })),
        ]) {
          try {
            decode(name, payload, 0);
          } catch (error) {
            if (!hasCode(error, "MESSAGE_MALFORMED")) return false;
          }
        }
        return true;
      },
    ),
  );
  t.pass("held for all samples");
});
