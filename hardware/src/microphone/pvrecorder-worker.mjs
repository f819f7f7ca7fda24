// The recorder's read blocks its thread for a whole frame, so it has a thread to itself. Plain JavaScript, because a
// worker that strips types loads the stripper a second time: 18 MB on a board with 512.
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

/** Failing reads to bear before the first frame: sound servers take seconds to give one. */
const PATIENCE_STARTING = 12;
const PATIENCE_RUNNING = 2;
const PAUSE_MS = 250;

const { frameLength, device, stop } = workerData;
const stopped = new Int32Array(stop);
let recorder;

try {
  const { PvRecorder } = createRequire(import.meta.url)("@picovoice/pvrecorder-node");
  recorder = new PvRecorder(frameLength, indexOf(device, PvRecorder));
  recorder.start();
  record();
} catch (error) {
  tellFailure(error);
} finally {
  release();
}

function release() {
  if (!recorder) return;
  try {
    // Releasing a recorder that was not stopped hangs for ever once its sound server has died.
    recorder.stop();
    recorder.release();
  } catch (error) {
    tellFailure(error);
  }
}

function record() {
  let failures = 0;
  let patience = PATIENCE_STARTING;
  while (Atomics.load(stopped, 0) === 0) {
    try {
      const samples = recorder.readSync();
      parentPort.postMessage({ kind: "frame", samples }, [samples.buffer]);
      failures = 0;
      patience = PATIENCE_RUNNING;
    } catch (error) {
      failures++;
      if (failures >= patience) throw error;
      Atomics.wait(stopped, 0, 0, PAUSE_MS);
    }
  }
}

function indexOf(wanted, PvRecorder) {
  if (typeof wanted === "number") return wanted;
  const names = PvRecorder.getAvailableDevices();
  const exact = names.indexOf(wanted);
  const index = exact >= 0 ? exact : names.findIndex((name) => name.includes(wanted));
  if (index < 0)
    throw new RangeError(`no capture device is called "${wanted}"; there are: ${names.join(", ") || "none"}`);
  return index;
}

function tellFailure(error) {
  parentPort.postMessage({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
}
