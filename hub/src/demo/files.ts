import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { demoHousehold, demoRelays } from "./household.ts";

/** Everything the demo keeps, in one directory. */
export interface DemoPlaces {
  readonly root: string;
  /** The hub's state directory; `hub.json` is here, so the root itself. */
  readonly hubState: string;
  readonly nodeState: string;
  readonly hubConfig: string;
  readonly nodeConfig: string;
  /** Spoken replies, as WAV files. */
  readonly replies: string;
  /** The simulated pins, as JSON. */
  readonly pins: string;
  readonly microphone: string;
}

export const DEMO_WAKE_WORDS = ["hey jarvis", "alexa", "hey mycroft"];

export function demoPlaces(root: string): DemoPlaces {
  const at = (...parts: string[]): string => path.join(root, ...parts);
  return {
    root,
    hubState: root,
    nodeState: at("node"),
    hubConfig: at("demo", "hub.yaml"),
    nodeConfig: at("demo", "node.yaml"),
    replies: at("demo", "replies"),
    pins: at("demo", "pins.json"),
    microphone: at("demo", `microphone-${process.pid}.pipe`),
  };
}

/** Writes both programs' configuration: an ordinary hub, and an ordinary node whose sound and pins are simulated. */
export function writeDemoFiles(places: DemoPlaces, options: { room: string; recorder: readonly string[] }): void {
  for (const directory of [places.root, path.dirname(places.hubConfig), places.nodeState, places.replies])
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  const hub = { name: "Barnacle demo", household: demoHousehold, wakeWords: DEMO_WAKE_WORDS };
  const node = {
    name: nodeName(options.room),
    room: options.room,
    microphone: { driver: "command", command: options.recorder },
    wake: { engine: "openwakeword", phrases: DEMO_WAKE_WORDS },
    speech: { engine: "pocketsphinx" },
    voice: { engine: "espeak-ng", player: "file", directory: places.replies },
    gpio: {
      driver: "fake",
      stateFile: places.pins,
      lines: demoRelays.map(({ line, room, name }) => ({ line, name: `${room} ${name}`, direction: "out" })),
    },
    appliances: demoRelays,
  };
  // JSON is YAML, and leaves no doubt about quoting.
  for (const [file, content] of [
    [places.hubConfig, hub],
    [places.nodeConfig, node],
  ] as const)
    writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
}

export function nodeName(room: string): string {
  return room.charAt(0).toUpperCase() + room.slice(1);
}
