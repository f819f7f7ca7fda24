import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { Io } from "../cli/io.ts";
import { within } from "./deadline.ts";
import { demoPlaces } from "./files.ts";
import { refusalOf } from "./outcome.ts";
import { readRecording } from "./recording.ts";
import { DemoStack } from "./stack.ts";
import { type DemoSummary, failedSummary, turnSummary } from "./summary.ts";
import { TurnWatch } from "./turn-watch.ts";

export interface OnceOptions {
  readonly audio: string | undefined;
  readonly room: string;
  readonly io: Io;
  readonly clock: Clock;
  readonly onLog?: ((text: string) => void) | undefined;
  /** Called as the turn happens. */
  readonly onWatch?: (watch: TurnWatch, stack: DemoStack) => void;
}

/** After the last sample a wake engine needs a moment; a busy machine needs more. */
const NO_WAKE_MS = 5000;
/** Longest utterance, recognition, command, reply and its playing, with room to spare; counted from the clip's end. */
const TURN_MS = 45_000;

/** One turn on private ports and a temporary state directory, both gone afterwards. Never throws: the summary has it. */
export async function runOnce(options: OnceOptions): Promise<DemoSummary> {
  const { io, clock, room, onLog } = options;
  let root: string | undefined;
  let stack: DemoStack | undefined;
  let stop = (): void => undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = io.onStop(() => reject(new BarnacleError("HUB_STOPPING", "interrupted")));
  });
  stopped.catch(() => undefined);
  try {
    const samples = await readRecording(options.audio);
    root = mkdtempSync(path.join(tmpdir(), "barnacle-demo-"));
    const watch = new TurnWatch();
    stack = new DemoStack({
      places: demoPlaces(root),
      room,
      port: 0,
      mqttPort: 0,
      io,
      clock,
      onLog,
      onNodeEvent: (event) => {
        onLog?.(`${JSON.stringify(event)}\n`);
        watch.nodeEvent(event);
      },
    });
    options.onWatch?.(watch, stack);
    const turn = Promise.race([heardTurn(stack, watch, samples, clock), stack.failure, stopped]);
    return await turn;
  } catch (error) {
    return failedSummary(error);
  } finally {
    stop();
    await stack?.stop();
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
  }
}

async function heardTurn(stack: DemoStack, watch: TurnWatch, samples: Int16Array, clock: Clock): Promise<DemoSummary> {
  await stack.startHub();
  stack.client.on("barnacle.turn", (payload) => watch.turnEvent(payload));
  const node = await stack.startNode();
  const deaf = node.manifest?.capabilities.find(({ name, available }) => name === "voice.wake" && !available);
  if (deaf) return failedSummary(new BarnacleError("HARDWARE_UNAVAILABLE", `the node cannot hear: ${deaf.reason}`));
  await stack.room.play(samples);
  const wake = await within(watch.firstWake, NO_WAKE_MS, clock);
  if (!wake) return failedSummary(new BarnacleError("NO_WAKE", "no wake phrase was heard"));
  const turn = await within(watch.finished(wake.turnId), TURN_MS, clock);
  if (turn) return turnSummary(wake, turn, refusalOf(turn));
  const unfinished = new BarnacleError("TIMEOUT", `the turn was not finished ${TURN_MS / 1000} s after the recording`);
  return failedSummary(unfinished, wake, watch.last(wake.turnId));
}
