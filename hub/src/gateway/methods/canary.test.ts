import t from "tap";
import { operator, TOKEN, testGateway } from "../testing.ts";
import { METHODS } from "./index.ts";

t.test("no method lets a secret out, whatever it is asked for", async (t) => {
  const before = process.env.BARNACLE_SECRET_CANARY;
  process.env.BARNACLE_SECRET_CANARY = "canary-of-the-environment";
  t.teardown(() => {
    if (before === undefined) delete process.env.BARNACLE_SECRET_CANARY;
    else process.env.BARNACLE_SECRET_CANARY = before;
  });
  const hub = await testGateway(t);
  const socket = { path: "/run/x.sock", token: "canary-of-the-socket" };
  const scopes = ["operator.admin"];
  for (const protocol of [3, 4]) {
    const admin = await operator(t, hub, { scopes, params: { minProtocol: protocol, maxProtocol: protocol } });
    const { hash, exists } = hub.records.execApprovals.read();
    await admin.call("exec.approvals.set", { file: { version: 1, socket }, ...(exists ? { baseHash: hash } : {}) });
    const asked = await admin.call<{ id: string }>("question.request", {
      questions: [{ questionId: "pin", header: "PIN", question: "Which?", options: [], isSecret: true }],
    });
    await admin.request("question.resolve", { id: asked.id, answers: { answers: { pin: ["canary-of-an-answer"] } } });
    const { length } = admin.frames;
    let answered = 0;
    for (const name of METHODS.keys()) {
      for (const params of [
        {},
        { path: "gateway.token", sessionKey: "main", agentId: "main", id: asked.id, limit: 500 },
      ]) {
        const { ok, error } = await admin.request(name, params);
        t.not(error?.details?.barnacle && (error.details.barnacle as { code: string }).code, "RATE_LIMITED", name);
        answered += ok || error ? 1 : 0;
      }
    }
    t.equal(answered, METHODS.size * 2, `protocol ${protocol}: every method answers`);
    const sent = JSON.stringify(admin.frames.slice(length));
    t.notMatch(sent, /canary/, `protocol ${protocol}: no canary in what was sent`);
    t.notOk(sent.includes(TOKEN), `protocol ${protocol}: the shared token stays`);
  }
  const trail = JSON.stringify(await hub.audit.list({ limit: 1000 }));
  t.notMatch(trail, /canary/, "and none in the audit trail");
});
