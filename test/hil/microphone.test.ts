import path from "node:path";
import { levelDbfs, type Samples } from "@barnacle/hardware/audio";
import { createMicrophone, type MicrophoneStatus } from "@barnacle/hardware/microphone";
import t from "tap";
import { pulseMissing, startPulse, type VirtualSound } from "../support/pulse.ts";

const CLIP = path.join(import.meta.dirname, "../fixtures/audio/wake-hey-jarvis-slt.wav");
const LIMIT_MS = 40_000;
const missing = pulseMissing();

/** Watches one microphone: its states, and how loud it gets. */
function watch() {
  const statuses: MicrophoneStatus[] = [];
  let loudest = Number.NEGATIVE_INFINITY;
  let frames = 0;
  let wake: () => void = () => {};
  return {
    statuses,
    loudest: () => loudest,
    frames: () => frames,
    frame(samples: Samples) {
      frames++;
      loudest = Math.max(loudest, levelDbfs(samples));
      wake();
    },
    status(status: MicrophoneStatus) {
      statuses.push(status);
      wake();
    },
    async until(what: string, condition: () => boolean): Promise<void> {
      const end = performance.now() + LIMIT_MS;
      while (!condition()) {
        if (performance.now() > end)
          throw new Error(`${what}: not within ${LIMIT_MS / 1000} s; ${JSON.stringify(statuses)}`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 500);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
  };
}

t.test("a virtual microphone", { skip: missing ?? false, timeout: 240_000 }, async (t) => {
  const sound: VirtualSound = await startPulse();
  t.teardown(() => sound.stop());
  // The recorder's library reads the process's own environment.
  const before = { ...process.env };
  Object.assign(process.env, sound.env);
  t.teardown(() => {
    for (const name of Object.keys(sound.env)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });

  for (const driver of ["pvrecorder", "parec"] as const) {
    t.test(`${driver} hears what is played, and survives its sound server`, async (t) => {
      const microphone = createMicrophone({ driver });
      const heard = watch();
      const last = (): string | undefined => heard.statuses.at(-1)?.state;
      await microphone.start(heard);
      await heard.until("running", () => last() === "running");
      t.ok(heard.loudest() < -60, `silence before: ${heard.loudest().toFixed(0)} dBFS`);
      await sound.play(CLIP);
      await heard.until("the clip", () => heard.loudest() > -30);
      await sound.kill();
      await heard.until("lost", () => last() === "lost");
      t.not(heard.statuses.at(-1)?.reason ?? "", "", `lost: ${heard.statuses.at(-1)?.reason}`);
      await sound.restart();
      const frames = heard.frames();
      await heard.until("running again", () => last() === "running" && heard.frames() > frames);
      await microphone.stop();
      t.equal(last(), "stopped");
    });
  }
});
