import fc from "fast-check";
import t from "tap";
import { checkWanted, completed, keysOf, matchesKey, mergeLayers, revisionOf, withoutKeys } from "./index.ts";

t.test("layers lie one over another", async (t) => {
  const fleet = { wake: { threshold: 0.5, phrases: ["a"] }, deny: ["x"] };
  t.same(mergeLayers([fleet, { wake: { phrases: ["b"] } }, { deny: null, room: "den" }]), {
    wake: { threshold: 0.5, phrases: ["b"] },
    room: "den",
  });
  t.same(fleet.deny, ["x"], "what was merged is as it was");
  t.same(mergeLayers([]), {});
});

t.test("a revision is a name for content, whatever the order of its members", async (t) => {
  t.equal(revisionOf({ a: 1, b: { c: [1, 2] } }), revisionOf({ b: { c: [1, 2] }, a: 1 }));
  t.not(revisionOf({ a: [1, 2] }), revisionOf({ a: [2, 1] }));
  t.match(revisionOf({}), /^[0-9a-f]{16}$/);
  const json = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(json, json, (a, b) => (revisionOf(a) === revisionOf(b)) === (shape(a) === shape(b))),
    { numRuns: 200 },
  );
  t.pass("property");
});

t.test("rules speak of keys, of sections, of all", async (t) => {
  t.same(keysOf({ wake: { threshold: 1, phrases: [] }, room: "x", gpio: {} }), [
    "wake.threshold",
    "wake.phrases",
    "room",
  ]);
  t.ok(matchesKey("wake", "wake.threshold"));
  t.ok(matchesKey("wake.*", "wake.threshold"));
  t.ok(matchesKey("*", "room"));
  t.notOk(matchesKey("wake", "wakeful"));
  t.same(
    withoutKeys({ wake: { threshold: 1 }, room: "x" }, (key) => key === "wake.threshold"),
    { room: "x" },
  );
});

t.test("what only a node's own file may say is refused by name, as is what does not fit", async (t) => {
  for (const config of [
    { uplink: { token: "x" } },
    { wake: { accessKey: "x" } },
    { microphone: { command: ["sh"] } },
    { speech: { library: "/tmp/x.so" } },
    { fleet: { deny: [] } },
  ]) {
    t.throws(() => checkWanted(config), { code: "CONFIG_INVALID", message: /only the node's own file/ });
  }
  t.throws(() => checkWanted({ wake: { treshold: 1 } }), {
    code: "CONFIG_INVALID",
    details: { problems: [{ key: "wake.treshold" }] },
  });
  t.doesNotThrow(() => checkWanted({ wake: { threshold: 0.4 }, deny: ["audio.play"] }));
  t.match(completed({}), { telemetry: { intervalS: 10 }, fleet: { trialS: 120, deny: [] } });
});

function shape(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shape).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${shape(member)}`);
  return `{${members.sort().join()}}`;
}
