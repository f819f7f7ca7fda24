// Pins of a kernel's chip in a whole house: hub and node as processes, nothing simulated but the chip.

import { readFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { generateIdentity } from "@barnacle/protocol/identity";
import t from "tap";
import { GatewayClient } from "../../../hub/src/cli/gateway/client.ts";
import { House, LIGHT, linkUp } from "../../support/house.ts";
import { SimGpio } from "../devices/sim-gpio.ts";

const HEATER = 27;
const BELL = 22;
const SAFE_AFTER_S = 2;

t.setTimeout(280_000);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(20);
}

interface NodeEvent {
  readonly event: string;
  readonly payload: Record<string, unknown>;
}

t.test("a house whose pins are a kernel's", async (t) => {
  const chip = new SimGpio("pi", { label: "pinctrl-bcm2711", lines: 58, names: { [BELL]: "GPIO22" } });
  const off = { engine: "none" };
  const house = new House(t.testdir(), {
    node: {
      ...{ wake: off, speech: off, voice: { ...off, player: "none" } },
      gpio: {
        safeAfterS: SAFE_AFTER_S,
        lines: [
          { line: LIGHT, name: "kitchen light" },
          { line: HEATER, name: "heater", activeLow: true, initial: 0, safe: 0 },
          { line: "GPIO22", name: "door bell", direction: "in", bias: "pull-down", debounceMs: 5 },
        ],
      },
    },
  });
  t.teardown(() => house.close());
  await house.open();
  const { token } = JSON.parse(readFileSync(path.join(house.hubState, "hub.json"), "utf8")) as { token: string };
  const options = { url: house.url.replace("http", "ws"), token, identity: generateIdentity(), version: "0.0.0" };
  const events: NodeEvent[] = [];
  let client = new GatewayClient(options);
  const listen = async () => {
    client = new GatewayClient(options);
    client.on("barnacle.node.event", (payload) => events.push(payload as NodeEvent));
    await client.open();
  };
  await listen();
  t.teardown(() => client.close());
  const nodeId = await house.eventually("an available node", async () => {
    const { nodes } = await client.call<{ nodes: { nodeId: string; commands?: string[] }[] }>("node.list", {});
    return nodes.find(({ commands }) => commands?.includes("gpio.write"))?.nodeId;
  });
  let keys = 0;
  const invoke = (command: string, params: object) =>
    client.call<{ payload: Record<string, unknown> }>(
      "node.invoke",
      { nodeId, command, params, idempotencyKey: `key-${keys++}` },
      60_000,
    );
  const edges = () => events.filter(({ event }) => event === "gpio.edge");

  await t.test("what an operator invokes is the level of the line", async (t) => {
    t.equal(chip.level(HEATER), 1, "inverted, and off");
    t.match((await invoke("gpio.write", { line: "Kitchen Light", value: 1 })).payload, { line: LIGHT, value: 1 });
    t.equal(chip.level(LIGHT), 1);
    t.match((await invoke("gpio.write", { pin: HEATER, level: 1 })).payload, { pin: HEATER, level: 1 });
    t.equal(chip.level(HEATER), 0, "on is low");
    t.match((await invoke("gpio.read", { line: LIGHT })).payload, { name: "kitchen light", value: 1 });
    t.match((await invoke("gpio.mode", { pin: BELL, mode: "input_pulldown" })).payload, { pin: BELL });
    await t.rejects(invoke("gpio.write", { line: BELL, value: 1 }), { message: /is an input/ });
    t.match((await invoke("gpio.list", {})).payload, {
      lines: [{ value: 1 }, { value: 1 }, { value: 0, watched: true }],
    });
  });

  await t.test("an edge reaches whoever listens at the hub, once, and the inbox", async (t) => {
    chip.drive(BELL, 1);
    await until(() => edges().length === 1);
    chip.drive(BELL, 0);
    await until(() => edges().length === 2);
    t.match(edges(), [
      {
        nodeId,
        displayName: "Kitchen",
        room: "kitchen",
        payload: { line: BELL, name: "door bell", value: 1, sequence: 1 },
      },
      { payload: { value: 0, sequence: 2, kernelNs: /^\d+$/ } },
    ]);
    const { json } = await house.cli("inbox", "list", "--archived", "--channel", "events");
    t.match(json, [{ text: "door bell: off" }, { text: "door bell: on" }]);
  });

  await t.test("while the hub is away edges wait, in order, and outputs become safe", async (t) => {
    const hub = house.hub;
    await client.close();
    await hub?.kill();
    for (let i = 0; i < 6; i++) {
      chip.drive(BELL, i % 2 === 0 ? 1 : 0);
      await pause(50);
    }
    await until(() => chip.level(HEATER) === 1);
    t.equal(chip.level(LIGHT), 1, "what has no safe value stays");
    await house.startHub();
    await listen();
    await house.eventually("the edges", async () => (house.outbox().length === 0 ? true : undefined));
    const { json } = await house.cli("inbox", "list", "--archived", "--channel", "events", "--limit", "20");
    const texts = (json as { text: string }[]).map(({ text }) => text).toReversed();
    const bell = texts.filter((text) => text.startsWith("door bell"));
    t.same(
      bell,
      Array.from({ length: 8 }, (_, i) => `door bell: ${i % 2 === 0 ? "on" : "off"}`),
    );
    t.equal(texts.filter((text) => text.startsWith("gpio.safe")).length, 1, "the hub learns why");
  });

  await t.test("a pulse ends, also when the node is killed in it", async (t) => {
    await house.eventually("the node", async () => {
      await invoke("gpio.pulse", { line: LIGHT, value: 0, ms: 100 });
      return true;
    });
    await until(() => chip.level(LIGHT) === 1);
    await invoke("gpio.write", { line: LIGHT, value: 0 });
    await invoke("gpio.write", { line: HEATER, value: 1 });
    await invoke("gpio.pulse", { line: LIGHT, ms: 600_000 });
    t.equal(chip.level(LIGHT), 1);
    await house.node?.kill();
    await linkUp(house.startNode());
    t.equal(chip.level(LIGHT), 0, "over by the time the node is back");
    t.equal(chip.level(HEATER), 1, "and the heater is safe");
  });

  await t.test("a chip that is pulled out is a reason, and its lines work when it is back", async (t) => {
    chip.plug(false);
    await house.eventually("a refusal", async () => {
      const refused = await invoke("gpio.write", { line: LIGHT, value: 1 }).catch((error: Error) => error.message);
      return String(refused).includes("gone") || String(refused).includes("no GPIO chip") ? true : undefined;
    });
    chip.plug(true);
    await house.eventually("a write", async () => {
      await invoke("gpio.write", { line: LIGHT, value: 1 });
      return true;
    });
    t.equal(chip.level(LIGHT), 1);
  });

  await t.test("at its end the node leaves outputs safe", async (t) => {
    await invoke("gpio.write", { line: HEATER, value: 1 });
    t.equal(chip.level(HEATER), 0);
    await house.node?.stop();
    // The simulator lets go of a line with its holder; the node writes down that it made all of them safe before.
    const db = new DatabaseSync(path.join(house.nodeState, "node.db"), { readOnly: true });
    t.match(db.prepare("SELECT value FROM setting WHERE key = 'gpio.running'").get(), { value: "false" });
    db.close();
  });
});
