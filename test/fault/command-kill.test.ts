import { setTimeout as pause } from "node:timers/promises";
import { seededRandom } from "@barnacle/protocol/runtime";
import t, { type Test as T } from "tap";
import type { DeviceRecord, TurnRecord } from "../../hub/src/services.ts";
import { House, LIGHT, linkUp } from "../support/house.ts";

t.setTimeout(300_000);

const ROUNDS = 14;
/** Connecting and the command itself take some 10 to 30 ms. */
const WITHIN_MS = 40;

/** A node that only has pins: it is up in half a second. */
async function pinHouse(t: T): Promise<{ house: House; nodeId: string }> {
  const house = new House(t.testdir(), { node: { wake: { engine: "none" }, speech: { engine: "none" } } });
  t.teardown(() => house.close());
  await house.open();
  const nodeId = await house.eventually("a node", async () => {
    const { devices } = await house.call<{ devices: DeviceRecord[] }>("barnacle.devices.list");
    return devices.find((device) => device.roles.includes("node") && device.online)?.deviceId;
  });
  return { house, nodeId };
}

async function killed(house: House, victim: "node" | "hub"): Promise<void> {
  const node = house.node;
  const seen = node?.lines.length ?? 0;
  if (victim === "node") {
    await node?.kill();
    await linkUp(house.startNode());
  } else {
    await house.hub?.kill();
    await house.startHub();
    if (node) await linkUp(node, seen);
  }
}

t.test("a command that is asked for again under its key after a kill is executed once", async (t) => {
  const { house, nodeId } = await pinHouse(t);
  const random = seededRandom(11);
  for (let round = 0; round < ROUNDS; round++) {
    const victim = round % 2 === 0 ? "node" : "hub";
    const delayMs = Math.round(random.unit() * WITHIN_MS);
    const value = (round + 1) % 2;
    const before = house.writes();
    const call = { nodeId, command: "gpio.write", params: { line: LIGHT, value }, idempotencyKey: `key-${round}` };
    const invoke = (): Promise<{ payload: unknown }> => house.call("node.invoke", { ...call, timeoutMs: 4000 });
    // Its connection may be cut by the kill; then nobody knows, and it is asked for again.
    const first = invoke().catch(() => undefined);
    await pause(delayMs);
    await killed(house, victim);
    const known = await first;
    const answer = await house.eventually("an answer", invoke);
    t.match(
      answer.payload,
      { line: LIGHT, value },
      `${victim} killed ${delayMs} ms after the call (${known ? "" : "not "}answered)`,
    );
    t.equal(house.writes() - before, 1);
    t.equal(house.light(), value);
  }
  t.match(await house.call("barnacle.audit.verify"), { ok: true });
});

t.test("a text turn cut short by a kill is on record, and never acts twice", async (t) => {
  const { house } = await pinHouse(t);
  const random = seededRandom(12);
  for (let round = 0; round < ROUNDS; round++) {
    const victim = round % 2 === 0 ? "hub" : "node";
    const delayMs = Math.round(random.unit() * WITHIN_MS);
    const before = house.writes();
    const text = `turn ${house.light() === 1 ? "off" : "on"} the kitchen light`;
    const ask = (): Promise<TurnRecord> => house.call("barnacle.ask", { text, idempotencyKey: `ask-${round}` });
    const first = ask().catch(() => undefined);
    await pause(delayMs);
    await killed(house, victim);
    const known = await first;
    const turn = await house.eventually("the turn", async () => {
      const now = await ask();
      return now.status === "received" || now.status === "answering" ? undefined : now;
    });
    const writes = house.writes() - before;
    const how = `${victim} killed ${delayMs} ms after the question: ${turn.status}, ${turn.ok ? "ok" : turn.error?.code}, ${writes} writes`;
    t.ok(turn.ok ? writes === 1 : writes <= 1, how);
    if (known)
      t.match(turn, { turnId: known.turnId, status: known.status, ok: known.ok }, "what was answered stays so");
    if (turn.status === "failed") t.type(turn.reason, "string");
  }
  const { turns } = await house.call<{ turns: TurnRecord[] }>("barnacle.turns.list", { limit: 1000 });
  t.equal(turns.length, ROUNDS, "one turn for each question");
  t.match(await house.call("barnacle.audit.verify"), { ok: true });
});
