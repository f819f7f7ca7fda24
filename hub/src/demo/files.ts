import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
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
    microphone: at("demo", "microphone.pipe"),
  };
}

/** An ordinary hub with the demo's household. */
export function writeHubConfig(places: DemoPlaces): void {
  makeDirectories(places.root, path.dirname(places.hubConfig));
  writeConfig(places.hubConfig, { name: "Barnacle demo", household: demoHousehold, wakeWords: DEMO_WAKE_WORDS });
}

/** An ordinary node whose sound and pins are simulated. Replies of an earlier demo are thrown away. */
export function writeNodeConfig(places: DemoPlaces, options: { room: string; recorder: readonly string[] }): void {
  rmSync(places.replies, { recursive: true, force: true });
  makeDirectories(places.nodeState, places.replies);
  writeConfig(places.nodeConfig, {
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
  });
}

function makeDirectories(...directories: readonly string[]): void {
  for (const directory of directories) {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new BarnacleError("STATE_UNWRITABLE", `${directory}: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** JSON is YAML, and leaves no doubt about quoting. */
function writeConfig(file: string, content: object): void {
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
}

export function nodeName(room: string): string {
  return room.charAt(0).toUpperCase() + room.slice(1);
}
