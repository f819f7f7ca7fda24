import { Type } from "@sinclair/typebox";
import t from "tap";
import { CAPABILITIES, HousePolicy } from "../../policy/index.ts";
import type { AgentRole } from "../../services/principal.ts";
import type { AuditEntry } from "../../services.ts";
import { NOUNS } from "../../town/nouns.ts";
import { METHODS } from "./index.ts";
import type { MethodContext } from "./method.ts";
import { roleMethods } from "./roles.ts";
import { schedulerMethods } from "./scheduler.ts";
import { townWrite } from "./town.ts";
import { whoActs } from "./who.ts";

const address = "barn/polecats/toast";

function asked(role: AgentRole) {
  const records: AuditEntry[] = [];
  const reached: string[] = [];
  const context = {
    caller: { principal: { kind: "agent", id: address, name: address, role } },
    hub: {
      policy: new HousePolicy({ rules: [] }),
      audit: { append: async (entry: AuditEntry) => void records.push(entry) },
      town: {
        open: async () => {
          reached.push("town");
          throw new TypeError("the town");
        },
      },
    },
  } as unknown as MethodContext;
  return { records, reached, context };
}

t.test("R5.1 a polecat that makes a convoy is denied before anything is done, and it is on record", async (t) => {
  const create = townWrite("convoys", "create", Type.Object({ title: Type.String() }));
  const polecat = asked("polecat");
  await t.rejects(create.call({ title: "mine" }, polecat.context), {
    ...{
      code: "POLICY_DENIED",
      message: /convoys\.create: no rule allows convoys\.create for polecat barn\/polecats\/toast/,
    },
  });
  t.same(polecat.reached, []);
  t.match(polecat.records, [
    {
      ...{ kind: "work", subject: "convoys.create", principal: { kind: "agent", id: address, role: "polecat" } },
      data: { params: { title: "mine" }, effect: "deny", rule: "default-deny" },
    },
  ]);
  const mayor = asked("mayor");
  await t.rejects(create.call({ title: "ours" }, mayor.context), { message: "the town" });
  t.match(mayor.records, [{ data: { effect: "allow", rule: "agent-mayor" } }]);
});

t.test("every change of roles and queue passes the policy: a polecat may none of it", async (t) => {
  const params = { bead: "bn-1", rig: "barn", title: "x", goal: "g" };
  const writes = [...roleMethods, ...schedulerMethods].filter(({ access }) => access !== "read");
  t.ok(writes.length >= 14);
  for (const { name, call } of writes) {
    const polecat = asked("polecat");
    await t.rejects(call(params, polecat.context), { code: "POLICY_DENIED" }, name);
    t.equal(polecat.records.length, 1, name);
  }
});

t.test("an agent acts in its own name, whatever it says", async (t) => {
  t.equal(whoActs({ kind: "agent", id: address, name: "Toast" }, "mayor/"), address);
  t.equal(whoActs({ kind: "operator", id: "o", name: "anna" }, "ben"), "ben");
  t.equal(whoActs({ kind: "operator", id: "o", name: "anna" }, undefined), "anna");
});

t.test("capabilities name methods that there are, and every change of work belongs to one", async (t) => {
  const names = Object.values(CAPABILITIES).flat();
  const writes = [...METHODS.values()].filter(({ records }) => records === "work").map(({ name }) => name);
  const nouns = new Set(writes.map((name) => name.split(".")[0]));
  for (const name of names) {
    const [noun = "", word] = name.split(".");
    if (!nouns.has(noun)) continue;
    t.ok(word === "*" || METHODS.has(name), name);
  }
  const covered = (method: string) =>
    names.some((name) => name === method || (name.endsWith("*") && method.startsWith(name.slice(0, -1))));
  const work = writes.filter((name) => /^(beads)\./.test(name) || NOUNS.some((noun) => name.startsWith(`${noun}.`)));
  t.same(
    work.filter((name) => !covered(name)),
    [],
  );
});
