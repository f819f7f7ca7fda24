import { seededRandom } from "@barnacle/protocol/runtime";
import t from "tap";
import { ANNA, testRegistry } from "../devices/testing.ts";
import type { Approval, Principal } from "../services.ts";
import { StoredApprovals } from "./approvals.ts";

const BEN: Principal = { kind: "operator", id: "ben", scopes: ["operator.approvals"] };
const NODE = { nodeId: "n1", host: "node" };

async function approvals(t: Parameters<typeof testRegistry>[0], selfApprove = false) {
  const registry = await testRegistry(t);
  const make = () =>
    new StoredApprovals({
      ...{ store: registry.store, audit: registry.audit, clock: registry.clock, random: seededRandom(3) },
      settings: () => ({ timeoutSeconds: 120, selfApprove }),
    });
  const unit = make();
  await unit.start();
  t.teardown(() => unit.stop());
  const heard: [string, Approval["status"]][] = [];
  for (const name of ["requested", "resolved"] as const) {
    unit.events.on(name, ({ approval }) => heard.push([name, approval.status]));
  }
  const ask = (more: object = {}) =>
    unit.request({ request: { command: "uname -a", commandArgv: ["uname", "-a"], ...NODE, ...more }, principal: ANNA });
  return { ...registry, unit, heard, ask, make };
}

t.test("the first answer wins, and every step is on record with the command it was about", async (t) => {
  const { unit, ask, heard, audit } = await approvals(t);
  const asked = await ask();
  t.match(unit.pending(), [{ id: asked.id, status: "pending", requestedBy: "operator:anna" }]);
  const waiting = unit.wait(asked.id);
  const two = await Promise.all([
    unit.resolve({ id: asked.id, decision: "allow-once", by: BEN }),
    unit.resolve({ id: asked.id, decision: "deny", by: { kind: "operator", id: "cleo" } }),
  ]);
  t.match(two, [
    { applied: true, approval: { status: "allowed", resolver: "operator:ben" } },
    { applied: false, approval: { status: "allowed", decision: "allow-once" } },
  ]);
  t.match(await waiting, { status: "allowed", decision: "allow-once" });
  t.match(await unit.wait(asked.id), { status: "allowed" }, "at once when it is decided");
  t.same(heard, [
    ["requested", "pending"],
    ["resolved", "allowed"],
  ]);
  t.match(await audit.list({ limit: 2 }), [
    { principal: { id: "anna" }, subject: "n1", data: { approval: "asked", command: "uname -a", digest: String } },
    { principal: { id: "ben" }, subject: "n1", data: { approval: "allowed", approvalId: asked.id } },
  ]);
  t.same(unit.pending(), []);
});

t.test("whoever asks cannot say yes to themselves, unless the household wants it; a no is always taken", async (t) => {
  const strict = await approvals(t);
  const { id } = await strict.ask();
  await t.rejects(strict.unit.resolve({ id, decision: "allow-once", by: ANNA }), { code: "FORBIDDEN" });
  t.match(await strict.unit.resolve({ id, decision: "deny", by: ANNA }), { applied: true });
  const lenient = await approvals(t, true);
  const own = await lenient.ask();
  t.match(await lenient.unit.resolve({ id: own.id, decision: "allow-once", by: ANNA }), { applied: true });
  const reserved = await strict.ask({ approvalReviewerDeviceIds: ["cleo"] });
  await t.rejects(strict.unit.resolve({ id: reserved.id, decision: "deny", by: BEN }), { message: /other reviewers/ });
});

t.test("silence is a no, and no event", async (t) => {
  const { unit, ask, heard, clock } = await approvals(t);
  const { id } = await ask();
  const waiting = unit.wait(id);
  await clock.advance(119_999);
  t.match(unit.get(id), { status: "pending" });
  await clock.advance(1);
  t.match(await waiting, { status: "expired", reason: "timeout" });
  t.equal((await waiting).decision, undefined);
  t.match(await unit.resolve({ id, decision: "allow-once", by: BEN }), { applied: false });
  t.same(heard.at(-1), ["resolved", "expired"]);
});

t.test("a question that a client asked outlives a restart; one that the policy asked does not", async (t) => {
  const { unit, ask, make, clock } = await approvals(t);
  const kept = await ask();
  const lost = await unit.ask({ request: { command: "x" }, principal: ANNA }, boundFor("x"), "policy");
  const waiting = unit.wait(kept.id);
  await unit.stop();
  await t.rejects(waiting, { code: "HUB_STOPPING" });
  const next = make();
  await next.start();
  t.teardown(() => next.stop());
  t.match(next.get(lost.id), { status: "cancelled", reason: "gateway-restart" });
  const again = next.wait(kept.id);
  await next.resolve({ id: kept.id, decision: "allow-once", by: BEN });
  t.match(await again, { status: "allowed" });
  t.ok(clock.pending > 0);
});

t.test(
  "always means this command, on this node, for this asker; it is listed, counted and can be revoked",
  async (t) => {
    const { unit, ask, clock } = await approvals(t);
    const { id } = await ask();
    await unit.resolve({ id, decision: "allow-always", by: BEN, grantExpiresInDays: 7 });
    const wanted = { nodeId: "n1", argv: ["uname", "-a"], text: "uname -a", cwd: null, env: null };
    t.match(await unit.take(wanted, ANNA), { id, decision: "allow-always" });
    t.match(await unit.take(wanted, ANNA), { id }, "the approval was used; the grant stands");
    const others: [string, object, Principal][] = [
      ["other arguments", { argv: ["uname", "-r"], text: "uname -r" }, ANNA],
      ["another node", { nodeId: "n2" }, ANNA],
      ["another folder", { cwd: "/root" }, ANNA],
      ["another environment", { env: { LD_PRELOAD: "/tmp/x.so" } }, ANNA],
      ["another asker", {}, BEN],
    ];
    for (const [name, change, who] of others) t.equal(await unit.take({ ...wanted, ...change }, who), undefined, name);
    const [grant] = unit.grants();
    t.match(grant, { approvalId: id, nodeId: "n1", commandText: "uname -a", useCount: 1, revokedAtMs: null });
    clock.jumpTo(clock.now() + 7 * 24 * 3_600_000);
    t.equal(await unit.take(wanted, ANNA), undefined, "it has an end");
    const grantId = String(grant?.grantId);
    t.equal(await unit.revoke(grantId, BEN), "revoked");
    t.equal(await unit.revoke(grantId, BEN), "already-revoked");
    t.equal(await unit.revoke("nothing", BEN), "not-found");
    t.match(unit.grants(), [{ revokedBy: "operator:ben" }]);
  },
);

t.test("a line of text alone gives no standing permission, and a yes is used once and not for long", async (t) => {
  const { unit, clock } = await approvals(t);
  const line = { command: "echo hi", host: "node" };
  const wanted = { nodeId: "n1", argv: ["/bin/sh", "-lc", "echo hi"], text: "echo hi", cwd: null, env: null };
  const given = async () => {
    const { id } = await unit.request({ request: line, principal: ANNA });
    await unit.resolve({ id, decision: "allow-always", by: BEN });
    return id;
  };
  const id = await given();
  t.same(unit.grants(), []);
  t.match(await unit.take(wanted, ANNA), { id });
  t.equal(await unit.take(wanted, ANNA), undefined);
  await given();
  await clock.advance(11 * 60_000);
  t.equal(await unit.take(wanted, ANNA), undefined);
});

t.test("an id is used once, a command must be named, and the past is told page by page", async (t) => {
  const { unit, ask, clock } = await approvals(t);
  await unit.request({ id: "mine", request: { command: "a" }, principal: ANNA });
  await t.rejects(unit.request({ id: "mine", request: { command: "b" }, principal: ANNA }), {
    code: "CONFLICT",
    message: "approval id already pending",
  });
  await t.rejects(unit.request({ request: {}, principal: ANNA }), { message: "command is required" });
  await t.rejects(unit.wait("nothing"), { code: "APPROVAL_UNKNOWN" });
  await t.rejects(unit.resolve({ id: "nothing", decision: "deny", by: BEN }), { code: "APPROVAL_UNKNOWN" });
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    const { id } = await ask();
    await unit.resolve({ id, decision: "deny", by: BEN });
    await clock.advance(1);
    ids.unshift(id);
  }
  const first = unit.history({ limit: 3 });
  const rest = unit.history({ limit: 3, cursor: first.nextCursor });
  t.same(
    [...first.items, ...rest.items].map(({ id }) => id),
    ids,
  );
  t.equal(rest.nextCursor, undefined);
  t.throws(() => unit.history({ limit: 3, cursor: "x" }), { code: "INPUT_INVALID" });
});

function boundFor(text: string) {
  return { nodeId: "n1", argv: null, text, cwd: null, env: null };
}

t.test("who decides reads what would run, whatever line the asker put beside the arguments", async (t) => {
  const { unit, ask } = await approvals(t);
  const argv = ["rm", "-rf", "/srv"];
  const { id } = await ask({ command: "ls", commandArgv: ["ls"], systemRunPlan: { argv, commandText: "ls" } });
  t.match(unit.get(id)?.request, {
    ...{ command: "rm -rf /srv", commandArgv: argv, systemRunPlan: { argv, commandText: "rm -rf /srv" } },
  });
  const shell = ["/bin/sh", "-lc", "ls | wc"];
  const asked = await ask({ command: "ls | wc", commandArgv: shell });
  t.match(unit.get(asked.id)?.request, { command: "ls | wc", commandArgv: shell });
});

t.test("only so many questions wait at once", async (t) => {
  const { ask, unit } = await approvals(t);
  for (let i = 0; i < 200; i++) await ask();
  await t.rejects(ask(), { code: "RATE_LIMITED" });
  t.equal(unit.pending().length, 200);
});
