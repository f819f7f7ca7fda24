import { mkdtempSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { hasCode } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import { EXIT, type ExitCode } from "../cli/exit.ts";
import { connect } from "../cli/gateway/connect.ts";
import type { Io } from "../cli/io.ts";
import type { Output } from "../cli/output.ts";
import { oneLine } from "../cli/table.ts";
import type { DeviceRecord } from "../services.ts";
import { within } from "./deadline.ts";
import { DEMO_WAKE_WORDS, type DemoPlaces, demoPlaces } from "./files.ts";
import { nextSteps } from "./next-steps.ts";
import { TurnPrinter } from "./printer.ts";
import { readRecording } from "./recording.ts";
import { DemoStack } from "./stack.ts";
import { TurnWatch } from "./turn-watch.ts";

export interface DemoOptions {
  readonly audio: string | undefined;
  readonly room: string;
  readonly stateDir: string;
  readonly io: Io;
  readonly out: Output;
  readonly clock: Clock;
  readonly onLog?: ((text: string) => void) | undefined;
}

const GATEWAY_PORT = 18_789;
const MQTT_PORT = 1883;
const NO_WAKE_MS = 5000;
const TURN_MS = 45_000;

/** The demo for a person: shows one turn as it happens, then stays up until it is told to stop. */
export async function runDemo(options: DemoOptions): Promise<ExitCode> {
  const { io, out, clock, room } = options;
  const samples = await readRecording(options.audio);
  const stop = Promise.withResolvers<"stop">();
  const forget = io.onStop(() => stop.resolve("stop"));
  const watch = new TurnWatch();
  let stack: DemoStack | undefined;
  try {
    out.line(
      `\n  ${out.style.bold("barnacle demo")}  ${out.style.dim("a hub and a simulated room, two processes on this machine")}\n`,
    );
    const begun = clock.monotonic();
    const started = await Promise.race([startHub(options, watch), stop.promise]);
    if (started === "stop") return EXIT.done;
    stack = started.stack;
    const { address } = stack;
    ready(out, "hub", `${address.gatewayUrl}  mqtt ${address.mqttPort}`, clock.monotonic() - begun);
    const nodeBegun = clock.monotonic();
    const up = await Promise.race([stack.startNode(), stop.promise]);
    if (up === "stop") return EXIT.done;
    ready(out, room, `listening for ${DEMO_WAKE_WORDS.join(", ")}`, clock.monotonic() - nodeBegun);
    showMissing(up, out);
    const { places } = started;
    watch.watch(new TurnPrinter({ out, clock, replyFile: () => newestFile(places.replies) }));
    const said = options.audio === undefined ? "“hey jarvis … turn on the kitchen light”" : options.audio;
    out.line(`\n  The room hears ${said}\n`);
    const heard = await Promise.race([hear(stack, watch, samples, clock), stack.failure, stop.promise]);
    if (heard === "stop") return EXIT.done;
    if (heard) out.line(`  ${out.style.yellow(heard)}\n`);
    out.line(nextSteps({ ...(await howToCall(stack, places, io)), pins: places.pins, style: out.style }));
    await Promise.race([stop.promise, stack.failure]);
    return EXIT.done;
  } finally {
    if (stack) out.line(`\n  ${out.style.dim("stopping …")}`);
    await stack?.stop();
    forget();
  }
}

/** Usual ports and the demo's own directory when nobody has them, else free ones, so that a second demo runs beside. */
async function startHub(options: DemoOptions, watch: TurnWatch): Promise<{ stack: DemoStack; places: DemoPlaces }> {
  const free = (await isFree(GATEWAY_PORT)) && (await isFree(MQTT_PORT));
  const ports = free ? { port: GATEWAY_PORT, mqttPort: MQTT_PORT } : { port: 0, mqttPort: 0 };
  const attempt = async (places: DemoPlaces): Promise<{ stack: DemoStack; places: DemoPlaces }> => {
    const stack = new DemoStack({ ...options, ...ports, places, onNodeEvent: (event) => watch.nodeEvent(event) });
    try {
      await stack.startHub();
    } catch (error) {
      await stack.stop();
      throw error;
    }
    stack.client.on("barnacle.turn", (payload) => watch.turnEvent(payload));
    return { stack, places };
  };
  try {
    return await attempt(demoPlaces(options.stateDir));
  } catch (error) {
    if (!hasCode(error, "STATE_LOCKED", "STATE_UNWRITABLE")) throw error;
    return attempt(demoPlaces(mkdtempSync(path.join(tmpdir(), "barnacle-demo-"))));
  }
}

/** Plays the recording and waits for what comes of it; a sentence for the screen when nothing does. */
async function hear(
  stack: DemoStack,
  watch: TurnWatch,
  samples: Int16Array,
  clock: Clock,
): Promise<string | undefined> {
  await stack.room.play(samples);
  const wake = await within(watch.firstWake, NO_WAKE_MS, clock);
  if (!wake) return "No wake phrase was heard.";
  const turn = await within(watch.finished(wake.turnId), TURN_MS, clock);
  return turn ? undefined : "The turn was not finished; `barnacle turns show` tells how far it came.";
}

/** What this machine lacks is said at once, with the reason, instead of being missed later. */
function showMissing(node: DeviceRecord, out: Output): void {
  for (const { name, available, reason } of node.manifest?.capabilities ?? [])
    if (!available) out.line(`    ${out.style.yellow("off")} ${name}: ${oneLine(reason ?? "no reason given")}`);
}

/** Tries the plain command line; flags are only shown when it would find another hub, or none. */
async function howToCall(stack: DemoStack, places: DemoPlaces, io: Io): Promise<{ program: string; flags: string }> {
  const program = io.env.npm_lifecycle_event === undefined ? "barnacle" : "npx barnacle";
  try {
    const client = await connect({}, io);
    await client.close();
    if (new URL(client.url).port === String(stack.address.gatewayPort)) return { program, flags: "" };
  } catch (error) {
    if (!hasCode(error)) throw error;
  }
  return { program, flags: `--state-dir ${places.root}` };
}

function ready(out: Output, name: string, text: string, ms: number): void {
  const took = out.style.dim(`${(ms / 1000).toFixed(1)} s`);
  out.line(`  ${out.style.green("✓")} ${out.style.bold(name.padEnd(8))} ${text}  ${took}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

function newestFile(directory: string): string | undefined {
  const files = readdirSync(directory).map((name) => path.join(directory, name));
  const age = (file: string): number => statSync(file).mtimeMs;
  return files.reduce<string | undefined>((best, file) => (best && age(best) >= age(file) ? best : file), undefined);
}
