import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import { encodeWav, readSpeechWav } from "../../hardware/src/audio/index.ts";
import type { DeviceRecord } from "../../hub/src/services.ts";
import { CLIPS, House, KITCHEN_CLIP, linkUp } from "../support/house.ts";
import type { Running } from "../support/process.ts";

const isEvent = (name: string) => (line: Record<string, unknown>) => line.event === name;
/** How long the bytes of a muted node are counted. */
const SILENT_MS = 1500;
/** Half of what sound of this length would be; telemetry and what the store writes behind stay far below. */
const MOST_BYTES = 24_000;

/**
 * Bytes that a process has written so far, to files, pipes and sockets alike: to the hub, and to the recogniser, which is a
 * process of its own.
 */
function written(pid: number): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}

async function silent(node: Running): Promise<number> {
  const before = written(node.pid);
  await pause(SILENT_MS);
  return written(node.pid) - before;
}

t.test(
  "muted, not a byte of sound leaves the node: in mid-sentence, over a kill -9; then it obeys again",
  async (t) => {
    const dir = t.testdir();
    const long = path.join(dir, "long.wav");
    const names = ["wake-hey-jarvis-slt.wav", "neg-talk-rms.wav"];
    const parts = await Promise.all(names.map((name) => readSpeechWav(path.join(CLIPS, name))));
    writeFileSync(long, encodeWav(Int16Array.from(parts.flatMap((samples) => [...samples]))));
    const house = new House(dir, {
      microphone: { driver: "wav", file: long, muted: true },
      node: { telemetry: { intervalS: 3600 }, voice: { engine: "none", player: "none" } },
    });
    t.teardown(() => house.close());
    const first = await house.open();
    await house.listening();
    const { devices } = await house.call<{ devices: DeviceRecord[] }>("barnacle.devices.list");
    const device = devices.find(({ manifest }) => manifest);
    let keys = 0;
    const mute = (muted: boolean) =>
      house.call("node.invoke", {
        ...{ nodeId: device?.deviceId, command: "audio.mute", params: { muted }, idempotencyKey: `mute-${keys++}` },
      });

    t.match(
      device?.manifest?.capabilities.find(({ name }) => name === "audio.capture"),
      { available: false, reason: "muted" },
    );
    const atStart = await silent(first);
    t.ok(atStart < 1000, `muted by its configuration: ${atStart} bytes left in 1.5 s; sound would be 48,000`);

    await mute(false);
    await first.line("the wake phrase", isEvent("wake"));
    const heard = written(first.pid);
    await first.until("sound on its way to the recogniser", () => written(first.pid) - heard > 24_000 || undefined);
    t.pass("while somebody speaks, the same measure sees sound");
    await mute(true);
    t.match(await first.line("the end of the sentence", isEvent("turn")), { outcome: "failed", reason: /muted/ });
    t.notOk(first.lines.some(isEvent("transcript")));
    // The report of the turn that was cut short may leave; it says nothing of what was said.
    await house.eventually("the hub to have the report", async () => house.outbox().length === 0 || undefined);
    const inMidSentence = await silent(first);
    t.ok(inMidSentence < MOST_BYTES, `muted in mid-sentence: ${inMidSentence} bytes left`);

    await first.kill();
    const config = path.join(dir, "node.yaml");
    const settings = JSON.parse(readFileSync(config, "utf8")) as object;
    writeFileSync(config, JSON.stringify({ ...settings, microphone: { driver: "wav", file: KITCHEN_CLIP } }));
    const second = house.startNode();
    await linkUp(second);
    const afterKill = await silent(second);
    t.ok(afterKill < MOST_BYTES, `after a kill -9: ${afterKill} bytes left`);
    const opened = second.lines.some((line) => line.part === "microphone" && line.state === "running");
    t.notOk(opened, "the microphone stays closed");

    await mute(false);
    t.match(await second.line("the transcript", isEvent("transcript")), { text: "turn on the kitchen light" });
    await second.line("the light", (line) => line.event === "command" && line.command === "gpio.write");
    t.equal(house.light(), 1);
  },
);
