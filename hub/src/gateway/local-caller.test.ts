import t from "tap";
import { agentCaller, LOCAL } from "./local-caller.ts";

t.test("a worker's role is its own; one that is none may no more than a polecat", async (t) => {
  const roleOf = (role: string) => agentCaller({ address: "barn/x", role }).principal.role;
  t.same(["mayor", "witness", "crew", "dog", "boot", "wizard", ""].map(roleOf), [
    ...["mayor", "witness", "crew", "deacon", "deacon", "polecat", "polecat"],
  ]);
});

t.test("the socket serves work alone", async (t) => {
  t.match(
    ["beads.list", "convoys.create", "estop.stop"].every((name) => LOCAL.test(name)),
    true,
  );
  t.match(
    ["config.get", "devices.list", "beadsX.list", "node.invoke"].some((name) => LOCAL.test(name)),
    false,
  );
});
