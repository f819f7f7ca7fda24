import { seededRandom } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import t from "tap";
import { ANNA, testRegistry } from "../devices/testing.ts";
import type { Principal } from "../services.ts";
import { AskingGate, StoredApprovals, StoredExecApprovalsFile } from "./index.ts";

const BEN: Principal = { kind: "operator", id: "ben" };

async function gate(t: Parameters<typeof testRegistry>[0], somebody = true) {
  const registry = await testRegistry(t);
  const { store, audit, clock } = registry;
  const settings = () => ({ timeoutSeconds: 120, selfApprove: false });
  const approvals = new StoredApprovals({ store, audit, clock, random: seededRandom(3), settings });
  await approvals.start();
  t.teardown(() => approvals.stop());
  const unit = new AskingGate({ approvals, canAnswer: () => somebody });
  const admit = (params: JsonObject, command = "system.run") =>
    unit.admit({ principal: ANNA, deviceId: "n1", deviceName: "Kitchen", command, params });
  /** Answers the next question. */
  const answer = async (decision: "allow-once" | "allow-always" | "deny") => {
    const asked = Promise.withResolvers<JsonObject>();
    const off = approvals.events.on("requested", ({ approval }) => {
      off();
      asked.resolve(approval.request);
      void approvals.resolve({ id: approval.id, decision, by: BEN });
    });
    return asked.promise;
  };
  return { ...registry, approvals, admit, answer };
}

const RUN = { command: ["uname", "-a"], cwd: "/tmp", timeoutMs: 1000 };

t.test("a command waits for a yes, and only the hub says that there was one", async (t) => {
  const { admit, answer } = await gate(t);
  const asked = answer("allow-once");
  const verdict = await admit({ ...RUN, approved: true, approvalDecision: "allow-always" });
  t.match(await asked, {
    command: "uname -a",
    commandArgv: ["uname", "-a"],
    cwd: "/tmp",
    nodeId: "n1",
    nodeName: "Kitchen",
  });
  t.match(verdict, { allowed: true, reason: /operator:ben approved it/ });
  t.same(verdict.params, { ...RUN, approved: true, approvalDecision: "allow-once" });
  void answer("deny");
  const second = await admit({ ...RUN, approved: true });
  t.match(second, { allowed: false, reason: "operator:ben denied it" }, "once was once");
  t.same(second.params, RUN);
});

t.test("what people read is what runs, whatever the caller calls it", async (t) => {
  const { admit, answer } = await gate(t);
  const lie = answer("deny");
  await admit({ command: ["rm", "-rf", "/srv"], rawCommand: "ls" });
  t.match(await lie, { command: "rm -rf /srv" });
  const shell = answer("deny");
  await admit({ command: ["/bin/sh", "-lc", "ls | wc"], rawCommand: "ls | wc" });
  t.match(await shell, { command: "ls | wc" });
  const spaces = answer("deny");
  await admit({ command: ["echo", "a b", "$HOME"] });
  t.match(await spaces, { command: 'echo "a b" "\\$HOME"' });
});

t.test("a yes from beforehand is taken; always does not ask again", async (t) => {
  const { admit, approvals, answer } = await gate(t);
  const { id } = await approvals.request({ request: { command: "uname -a", cwd: "/tmp" }, principal: ANNA });
  await approvals.resolve({ id, decision: "allow-once", by: BEN });
  t.match(await admit(RUN), { allowed: true, approvalId: id, reason: "it was approved beforehand" });
  void answer("allow-always");
  t.match(await admit(RUN), { allowed: true });
  t.match(await admit(RUN), { allowed: true, params: { approvalDecision: "allow-always" } });
  t.same(approvals.pending(), []);
});

t.test("when nobody can answer it is a no at once; when nobody does, after a while", async (t) => {
  const alone = await gate(t, false);
  const refused = await alone.admit(RUN);
  t.match(refused, { allowed: false, reason: /nobody who may approve it is connected/ });
  t.match(alone.approvals.get(String(refused.approvalId)), { status: "denied", reason: "no-route" });
  const { admit, clock, approvals } = await gate(t);
  const waiting = admit({ line: 17 }, "gpio.write");
  while (approvals.pending().length === 0) await new Promise(setImmediate);
  t.match(approvals.pending(), [{ request: { command: 'gpio.write {"line":17}', nodeCommand: "gpio.write" } }]);
  await clock.advance(120_000);
  t.match(await waiting, { allowed: false, reason: "nobody approved it in time", params: { line: 17 } });
});

t.test("the approvals file is whole, needs its base, and keeps a token that it does not show", async (t) => {
  const { store, audit } = await gate(t);
  const unit = new StoredExecApprovalsFile({ stateDir: store.stateDir, audit });
  t.match(unit.read(), { exists: false, file: { version: 1, agents: {} } });
  const socket = { path: "/run/x.sock", token: "canary-socket-token" };
  const first = await unit.write({ version: 1, socket }, undefined, ANNA);
  t.same(first.file, { version: 1, socket: { path: "/run/x.sock" } });
  await t.rejects(unit.write({ version: 1 }, undefined, ANNA), { code: "CONFLICT", message: /base hash required/ });
  await t.rejects(unit.write({ version: 1 }, "stale", ANNA), { code: "CONFLICT", message: /changed since last load/ });
  const agents = { main: { security: "allowlist", allowlist: [{ pattern: "/usr/bin/uname" }] } };
  const second = await unit.write({ ...first.file, agents }, first.hash, ANNA);
  t.match(second.file, { agents });
  const { readFileSync } = await import("node:fs");
  t.match(JSON.parse(readFileSync(second.path, "utf8")), { socket });
});

t.test("one yes is for one command, also when two wait side by side", async (t) => {
  const { admit, approvals } = await gate(t);
  const first = admit(RUN);
  const [one] = await nextQuestions(approvals, 1);
  // The yes is on disk before the first command has taken it, and the same command comes again.
  const [, second] = [approvals.resolve({ id: String(one?.id), decision: "allow-once", by: BEN }), admit(RUN)];
  const [other] = await nextQuestions(approvals, 1, String(one?.id));
  await approvals.resolve({ id: String(other?.id), decision: "deny", by: BEN });
  const verdicts = await Promise.all([first, second]);
  t.equal(verdicts.filter(({ allowed }) => allowed).length, 1);
});

/** Questions that wait, without the one that was seen already. */
async function nextQuestions(approvals: StoredApprovals, count: number, seen = "") {
  for (;;) {
    const waiting = approvals.pending().filter(({ id }) => id !== seen);
    if (waiting.length >= count) return waiting;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
