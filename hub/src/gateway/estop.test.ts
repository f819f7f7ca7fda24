import t from "tap";
import { operator, testGateway } from "./testing.ts";

t.test("the emergency stop: who may write may stop, only an administrator lifts it, everybody sees it", async (t) => {
  const hub = await testGateway(t);
  const writer = await operator(t, hub, { scopes: ["operator.write"] });
  const reader = await operator(t, hub, { scopes: ["operator.read"] });
  const admin = await operator(t, hub);
  t.match(await reader.call("health"), { barnacle: { emergencyStop: null } });
  t.match((await reader.request("estop.stop", {})).error, { message: /missing scope: operator.write/ });
  t.match(await writer.call("estop.stop", { reason: "smoke", actor: "anna" }), {
    result: { stopped: true, by: "anna", reason: "smoke", changed: true, kept: true, held: {} },
  });
  t.match(await reader.nextEvent("estop.changed"), {
    payload: { id: "house", kind: "stopped", data: { by: "anna", reason: "smoke" } },
  });
  t.match(await reader.call("health"), { barnacle: { emergencyStop: { by: "anna", reason: "smoke" } } });
  t.match(await reader.call("status"), { barnacle: { emergencyStop: { by: "anna" } } });
  t.match(await reader.call("estop.status", {}), { result: { stopped: true, by: "anna" } });
  t.match((await writer.request("estop.thaw", {})).error, { message: /missing scope: operator.admin/ });
  t.match(await admin.call("estop.thaw", { reason: "aired" }), { result: { stopped: false, changed: true } });
  t.match(await reader.nextEvent("estop.changed"), { payload: { kind: "thawed" } });
  t.match(await reader.call("health"), { barnacle: { emergencyStop: null } });
  const work = (await hub.audit.list({})).filter(({ kind }) => kind === "work");
  t.same(
    work.map(({ subject, data }) => [subject, data.who]),
    [
      ["estop.stop", "anna"],
      ["estop.thaw", undefined],
      ["estop.thaw", work[2]?.data.who],
    ],
  );
});

t.test("a rule may keep somebody from it", async (t) => {
  const hub = await testGateway(t);
  hub.records.policy.use([{ id: "no-stop", effect: "deny", names: ["estop.*"] }]);
  const admin = await operator(t, hub);
  t.match((await admin.request("estop.stop", {})).error, { message: /estop.stop: .*no-stop/ });
  t.equal(hub.records.estop.state().stopped, false);
});
