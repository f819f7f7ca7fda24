// A mute button on a real kernel: pressed, the kernel's capture device is closed and no frame passes; its light follows; unplugged and back.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import { NODE_BIN, Running } from "../../support/process.ts";
import { MICROPHONE } from "../devices/loopback-sound.ts";
import { VirtualHid } from "../devices/virtual-hid.ts";

/** As the MuteMe has it: eight bytes in, one byte of colour out. */
const BUTTON = {
  ...{ name: "Mute button", vendor: 0x20a0, product: 0x42da, serial: "7" },
  descriptor: Buffer.from("0600ff0901a101150026ff007508950809018102950109029102c0", "hex"),
};
const press = (button: VirtualHid): void => {
  for (const state of [4, 1, 2]) button.input(Buffer.from([0, 0, 0, state, 0, 0, 0, 0]));
};
/** Red: the microphone is closed. */
const MUTED = 0x01;
/** Dim yellow: no hub. */
const OFFLINE = 0x13;
const QUIET_MS = 2000;

/** "closed", "RUNNING" and the like, of the card's first capture device. */
function capture(): string {
  const cards = "/proc/asound";
  const card = readdirSync(cards).find((name) => name === "Loopback") ?? "card0";
  return (
    readFileSync(path.join(cards, card, "pcm0c/sub0/status"), "utf8")
      .split("\n")[0]
      ?.replace("state: ", "") ?? ""
  );
}

async function until(what: string, fits: () => boolean): Promise<void> {
  for (const end = performance.now() + 60_000; !fits(); await pause(50)) {
    if (performance.now() > end) throw new Error(`${what} did not come about`);
  }
}

t.test(
  "a press on a real kernel closes the microphone, its light says so, and pulling the plug opens nothing",
  async (t) => {
    const dir = t.testdir({ state: {} });
    const config = path.join(dir, "node.yaml");
    writeFileSync(
      config,
      JSON.stringify({
        hub: "http://127.0.0.1:9",
        microphone: { driver: "arecord", device: MICROPHONE },
        speech: { engine: "none" },
        voice: { engine: "none", player: "none" },
        hid: { devices: [{ profile: "muteme", serial: "7" }] },
      }),
    );
    let button = new VirtualHid(BUTTON);
    const node = new Running("node", NODE_BIN, [
      "--config",
      config,
      "--state-dir",
      path.join(dir, "state"),
      "--events",
    ]);
    t.teardown(async () => {
      await node.stop();
      await button.unplug();
    });
    const shows = (colour: number, from = 0) => button.output((report) => report.includes(colour), from);
    const microphone = (state: string, from: number) =>
      node.line(`the microphone to be ${state}`, (line) => line.part === "microphone" && line.state === state, from);

    await microphone("running", 0);
    await until("the capture device to run", () => capture() !== "closed");
    t.ok(await shows(OFFLINE), "the light says that there is no hub");

    let from = node.lines.length;
    press(button);
    await microphone("stopped", from);
    t.ok(await shows(MUTED), "red");
    await until("the capture device to be closed", () => capture() === "closed");
    await pause(QUIET_MS);
    t.equal(capture(), "closed", "and it stays closed: the kernel hands out no frame");
    t.equal(spawnSync("pgrep", ["-x", "arecord"]).status, 1, "nobody records");

    await button.unplug();
    await pause(500);
    t.equal(capture(), "closed", "pulling the button out opens nothing");
    button = new VirtualHid(BUTTON);
    t.ok(await shows(MUTED), "plugged in again, it is red again");

    from = node.lines.length;
    press(button);
    await microphone("running", from);
    t.not(capture(), "closed");
    t.ok(await shows(OFFLINE));
    press(button);
    await until("the capture device to be closed", () => capture() === "closed");
    await node.kill();
    const again = new Running("node", NODE_BIN, [
      "--config",
      config,
      "--state-dir",
      path.join(dir, "state"),
      "--events",
    ]);
    const seen = button.outputs.length;
    await shows(MUTED, seen);
    t.equal(capture(), "closed", "muted over a kill -9");
    await again.stop();
  },
);
