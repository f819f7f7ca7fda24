import fc from "fast-check";
import t from "tap";
import type { PolicyRule } from "../config/schema.ts";
import type { PolicyRequest } from "../services.ts";
import { matchesPattern } from "./match.ts";
import { HousePolicy } from "./policy.ts";
import { BUILT_IN_RULES } from "./rules.ts";

const plain = new HousePolicy({ rules: [] });
const admin = { kind: "operator", id: "anna", scopes: ["operator.admin"] } as const;
const writer = { kind: "operator", id: "ben", scopes: ["operator.write"] } as const;
const reader = { kind: "operator", id: "cleo", scopes: ["operator.read"] } as const;
const voice = { kind: "voice", id: "node-1", room: "kitchen" } as const;
const system = { kind: "system", id: "timers" } as const;
const node = { kind: "node", id: "node-1" } as const;

function command(
  principal: PolicyRequest["principal"],
  name: string,
  more: Partial<PolicyRequest> = {},
): PolicyRequest {
  return { principal, action: "command", name, deviceId: "d1", room: "kitchen", ...more };
}

const unlock = { appliances: [{ kind: "lock", action: "unlock" }] } as const;
const lock = { appliances: [{ kind: "lock", action: "lock" }] } as const;

t.test("the built-in rules give each kind of caller what the table says, and nothing else", async (t) => {
  const cases: [PolicyRequest, "allow" | "ask" | "deny", string][] = [
    [command(admin, "system.run"), "ask", "ask-system-run"],
    [command(admin, "system.which"), "allow", "operator-admin"],
    [command(writer, "gpio.write"), "allow", "operator-write"],
    [command(writer, "system.run"), "ask", "ask-system-run"],
    [command(writer, "system.which"), "allow", "operator-node-host"],
    [command(writer, "system.execApprovals.set"), "deny", "default-deny"],
    [command(writer, "system.run.prepare"), "allow", "operator-node-host"],
    [command(reader, "system.which"), "deny", "default-deny"],
    [command(node, "system.run"), "deny", "default-deny"],
    [command(reader, "gpio.write"), "deny", "default-deny"],
    [{ principal: reader, action: "method", name: "node.list" }, "allow", "operator-method"],
    [{ principal: voice, action: "method", name: "node.list" }, "deny", "default-deny"],
    [command(voice, "gpio.write"), "allow", "voice-home"],
    [command(voice, "talk.speak"), "allow", "voice-home"],
    [command(voice, "audio.mute"), "deny", "default-deny"],
    [command(voice, "audio.capture"), "deny", "default-deny"],
    [command(voice, "system.which"), "deny", "default-deny"],
    [command(voice, "gpio.write", lock), "allow", "voice-home"],
    [command(voice, "gpio.write", unlock), "deny", "voice-no-unlock"],
    [command(writer, "gpio.write", unlock), "allow", "operator-write"],
    [command(system, "talk.speak"), "allow", "system-announce"],
    [command(system, "gpio.write"), "deny", "default-deny"],
    [command(node, "talk.speak"), "deny", "default-deny"],
  ];
  for (const [request, effect, rule] of cases) {
    t.match(plain.decide(request), { effect, rule }, `${request.principal.kind} ${request.name}`);
  }
});

t.test("configured rules come first, and a denial wins over every permission", async (t) => {
  const policy = new HousePolicy({
    rules: [
      { id: "lights-by-node", effect: "allow", principals: ["node:node-1"], names: ["gpio.*"], rooms: ["Kitchen"] },
      { id: "quiet-nursery", effect: "deny", principals: ["voice", "system"], names: ["talk.*"], rooms: ["nursery"] },
      { id: "not-this-one", effect: "deny", devices: ["d9*"] },
    ],
  });
  t.match(policy.decide(command(node, "gpio.write")), { effect: "allow", rule: "lights-by-node" });
  t.match(policy.decide(command({ ...node, id: "node-2" }, "gpio.write")), { rule: "default-deny" });
  t.match(policy.decide(command(node, "gpio.write", { room: "hall" })), { rule: "default-deny" });
  t.match(policy.decide(command(node, "gpio.write", { room: undefined })), { rule: "default-deny" });
  t.match(policy.decide(command(voice, "talk.speak", { room: "nursery" })), { effect: "deny", rule: "quiet-nursery" });
  t.match(policy.decide(command(admin, "gpio.read", { deviceId: "d9-far" })), { effect: "deny", rule: "not-this-one" });
});

t.test("a configured rule replaces the built-in one of its id and inherits the rest of it", async (t) => {
  const policy = new HousePolicy({ rules: [{ id: "voice-no-unlock", effect: "allow", names: undefined }] });
  t.match(policy.decide(command(voice, "gpio.write", unlock)), { effect: "allow", rule: "voice-no-unlock" });
  t.match(policy.decide(command(voice, "system.run")), { effect: "deny" });
  t.match(policy.decide(command(system, "gpio.write", unlock)), { effect: "deny" });
});

t.test("an explanation lists every rule and says why it did not match", async (t) => {
  const request = command(writer, "system.execApprovals.set");
  const { decision, rules } = plain.explain(request);
  t.same(decision, plain.decide(request));
  t.equal(rules.length, BUILT_IN_RULES.length);
  t.match(
    rules.find((rule) => rule.id === "operator-write"),
    { matched: false, why: "system.* is excepted" },
  );
  t.match(
    plain.explain(command(voice, "gpio.read")).rules.find((r) => r.matched),
    { id: "voice-home" },
  );
});

const ruleArbitrary: fc.Arbitrary<PolicyRule> = fc.record(
  {
    id: fc.stringMatching(/^[a-z]{3,8}$/),
    effect: fc.constantFrom("allow", "ask", "deny"),
    principals: fc.subarray(["operator", "voice", "node:n1", "*"], { minLength: 1 }),
    names: fc.subarray(["gpio.*", "talk.speak", "*"], { minLength: 1 }),
    rooms: fc.subarray(["kitchen", "hall"], { minLength: 1 }),
  },
  { requiredKeys: ["id", "effect"] },
);

t.test("whatever the rules, a matching denial is never overruled and silence never allows", async (t) => {
  fc.assert(
    fc.property(
      fc.array(ruleArbitrary, { maxLength: 6 }),
      fc.constantFrom(admin, writer, voice, node, system),
      fc.constantFrom("gpio.write", "talk.speak", "system.run"),
      fc.constantFrom("kitchen", "hall", "attic"),
      (rules, principal, name, room) => {
        const { decision, rules: listed } = new HousePolicy({ rules }).explain(command(principal, name, { room }));
        const matched = listed.filter((rule) => rule.matched);
        const has = (effect: string) => matched.some((rule) => rule.effect === effect);
        const expected = has("deny") ? "deny" : has("ask") ? "ask" : has("allow") ? "allow" : "deny";
        return decision.effect === expected && (matched.length > 0 || decision.rule === "default-deny");
      },
    ),
  );
  t.pass("held for all");
});

t.test("a star matches any run of characters and nothing else is special", async (t) => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ab.*]{0,6}$/), fc.stringMatching(/^[ab.]{0,8}$/), (pattern, text) => {
      const regex = new RegExp(`^${pattern.split("*").map(escapeRegExp).join(".*")}$`);
      return matchesPattern(pattern, text) === regex.test(text);
    }),
    { numRuns: 2_000 },
  );
  t.notOk(matchesPattern("a*a", "a"));
});

function escapeRegExp(text: string): string {
  return text.replace(/\./g, "\\.");
}
