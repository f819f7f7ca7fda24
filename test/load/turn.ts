/**
 * How long a spoken command takes, from the decision that speech has ended until the pin is set: recognition, delivery,
 * intent, policy, routing, the command over MQTT.
 *
 *   node test/load/turn.ts [--turns 10] [--json]
 *
 * Each turn is a node process of its own that hears the kitchen clip at real pace, so that nothing is warm but the hub.
 * Times are the node's own spans and wall clock: from the start of its `recognise` span to the command's completion.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { House, KITCHEN_CLIP } from "../support/house.ts";
import type { JsonLine } from "../support/process.ts";
import { median, percentile, report } from "./machine.ts";

const { values } = parseArgs({
  options: { turns: { type: "string", default: "10" }, json: { type: "boolean", default: false } },
});
const turns = Number(values.turns);
const dir = mkdtempSync(path.join(tmpdir(), "barnacle-load-"));
const whole: number[] = [];
const recognise: number[] = [];
const wakes: number[] = [];

try {
  const house = new House(dir, { microphone: { driver: "wav", file: KITCHEN_CLIP } });
  await house.startHub();
  for (let i = 0; i < turns; i++) {
    const node = house.startNode(i === 0 ? await house.setupCode() : undefined);
    const wake = await node.line("wake", (line) => line.event === "wake");
    const ended = await node.line(
      "end of speech",
      (line) => line.event === "state" && line.part === "pipeline" && line.state === "recognising",
    );
    const turn = await node.line("turn", (line) => line.event === "turn");
    const command = await node.line("command", (line) => line.event === "command");
    const span = (turn.spans as JsonLine[]).find((one) => one.stage === "recognise") as { durationMs: number };
    whole.push(Number(command.at) - Number(ended.at));
    recognise.push(span.durationMs);
    wakes.push(Number(wake.latencyMs));
    await node.stop();
  }
  await house.close();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
const round = (value: number): number => Math.round(value * 10) / 10;
report(
  "Spoken command",
  `the kitchen clip, ${turns} turns`,
  `node test/load/turn.ts --turns ${turns}`,
  [
    { name: "end of speech to action, median", value: round(median(whole)), limit: 300, unit: "ms" },
    { name: "end of speech to action, worst", value: round(percentile(whole, 1)), limit: 300, unit: "ms" },
    { name: "of that recognition, median", value: round(median(recognise)), limit: 150, unit: "ms" },
    { name: "frame to wake event inside the node, median", value: round(median(wakes)), limit: 80, unit: "ms" },
  ],
  values.json,
);
