import t from "tap";
import { AGENT_ROLES } from "../services/principal.ts";
import type { Principal } from "../services.ts";
import { HousePolicy } from "./policy.ts";
import { CAPABILITIES, ROLE_CAPABILITIES } from "./roles.ts";

const policy = new HousePolicy({ rules: [] });
const agent = (role: Principal["role"], id = `barn/${role}`): Principal => ({
  ...{ kind: "agent", id, name: id },
  ...(role ? { role } : {}),
});
const may = (role: Principal["role"], name: string) =>
  policy.decide({ principal: agent(role), action: "method", name }).effect === "allow";

t.test("R5.1 each role may what its capabilities say, and nothing else", async (t) => {
  const cases: [string, string][] = [
    ["beads.create", "mayor witness refinery polecat crew deacon overseer"],
    ["beads.claim", "mayor witness refinery polecat crew deacon overseer"],
    ["beads.delete", "overseer"],
    ["hooks.done", "mayor witness refinery polecat crew deacon overseer"],
    ["hooks.sling", "mayor deacon overseer"],
    ["hooks.recover", "mayor witness deacon overseer"],
    ["convoys.create", "mayor crew overseer"],
    ["mergequeue.submit", "mayor witness refinery polecat crew deacon overseer"],
    ["mergequeue.reject", "mayor refinery overseer"],
    ["scheduler.enqueue", "mayor deacon overseer"],
    ["workers.stop", "witness deacon overseer"],
    ["witness.stop", "mayor witness deacon overseer"],
    ["rigs.remove", "overseer"],
    ["worktrees.githook", "mayor witness refinery polecat crew deacon overseer"],
    ["worktrees.remove", "witness deacon overseer"],
    ["nudges.broadcast", "mayor crew deacon overseer"],
    ["mail.remove", "overseer"],
    ["estop.stop", "mayor witness refinery polecat crew deacon overseer"],
    ["estop.thaw", "overseer"],
    ["mail.send", "mayor witness refinery polecat crew deacon overseer"],
    ["config.set", ""],
    ["device.pair.approve", ""],
  ];
  for (const [method, roles] of cases) {
    t.same(
      AGENT_ROLES.filter((role) => may(role, method)),
      AGENT_ROLES.filter((role) => roles.split(" ").includes(role)),
      method,
    );
  }
});

t.test("an agent gives no commands to devices, and one without a role may nothing", async (t) => {
  for (const role of AGENT_ROLES) {
    const command = policy.decide({ principal: agent(role), action: "command", name: "gpio.write", deviceId: "d" });
    t.match(command, { effect: "deny", rule: "default-deny" }, role);
  }
  for (const name of Object.values(CAPABILITIES).flat()) t.notOk(may(undefined, name.replace("*", "x")), name);
  const operator: Principal = { kind: "operator", id: "anna", scopes: [], role: "polecat" };
  t.match(policy.decide({ principal: operator, action: "method", name: "rigs.remove" }), { rule: "operator-method" });
});

t.test("a refusal names the role and who it is; a configured rule can narrow or widen one role", async (t) => {
  const principal = agent("polecat", "barn/polecats/toast");
  const asked = { principal, action: "method", name: "convoys.create" } as const;
  t.match(policy.decide(asked), {
    ...{ effect: "deny", rule: "default-deny" },
    reason: "no rule allows convoys.create for polecat barn/polecats/toast",
  });
  const wider = new HousePolicy({ rules: [{ id: "agent-polecat", effect: "allow", names: ["convoys.*"] }] });
  t.match(wider.decide(asked), { effect: "allow", rule: "agent-polecat" });
  t.match(wider.decide({ ...asked, name: "beads.create" }), { effect: "deny" });
  const crew = agent("crew");
  t.match(wider.decide({ ...asked, principal: crew }), { effect: "allow", rule: "agent-crew" });
  const quiet = new HousePolicy({
    rules: [{ id: "no-nudges", effect: "deny", principals: ["agent:barn/*"], names: ["nudges.*"] }],
  });
  t.match(quiet.decide({ ...asked, name: "nudges.nudge" }), { effect: "deny", rule: "no-nudges" });
});

t.test("every capability belongs to a role besides the person's own, or is on this list", async (t) => {
  const given = new Set(AGENT_ROLES.filter((r) => r !== "overseer").flatMap((role) => ROLE_CAPABILITIES[role]));
  const people = Object.keys(CAPABILITIES).filter((name) => !given.has(name as keyof typeof CAPABILITIES));
  t.same(people, ["manage_rigs", "resume_after_stop", "keep_store"]);
});
