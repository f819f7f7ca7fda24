import { SAMPLE_RATE } from "@barnacle/hardware/audio";
import { FakeEndpoint } from "@barnacle/hardware/endpoint";
import type { GpioEdge, GpioPort, LineRef } from "@barnacle/hardware/gpio";
import type { Microphone, MicrophoneListener } from "@barnacle/hardware/microphone";
import type { Recogniser, SpeechGrammar } from "@barnacle/hardware/speech";
import { FakePlayer, FakeSynthesiser } from "@barnacle/hardware/voice";
import { FakeWake } from "@barnacle/hardware/wake";
import type { NodeHardware } from "../hardware/node-hardware.ts";

/** Hardware whose every part is in the test's hands. */
export function bench() {
  const levels = new Map<LineRef, 0 | 1>();
  const edges: ((edge: GpioEdge) => void)[] = [];
  const writes: string[] = [];
  const gpio: GpioPort = {
    name: "fake",
    availability: async () => ({ available: true }),
    open: async () => {},
    read: async (line) => levels.get(line) ?? 0,
    write: async (line, value) => {
      levels.set(line, value);
      writes.push(`${line}=${value}`);
    },
    pwm: async (line, duty) => {
      writes.push(`${line}~${duty}`);
    },
    list: () => [
      { line: 17, direction: "out", value: levels.get(17) ?? 0 },
      { line: 22, name: "bell", direction: "in", value: levels.get(22) ?? 0 },
    ],
    onEdge: (listener) => {
      edges.push(listener);
      return () => edges.splice(edges.indexOf(listener), 1);
    },
    onChange: () => () => {},
    close: async () => {},
  };
  const mic: { listener?: MicrophoneListener | undefined } = {};
  const microphone: Microphone = {
    name: "hand",
    availability: async () => ({ available: true }),
    start: async (listener) => {
      mic.listener = listener;
      listener.status({ state: "running" });
    },
    stop: async () => {
      mic.listener = undefined;
    },
  };
  const grammars: SpeechGrammar[] = [];
  const recogniser: Recogniser = {
    name: "fake",
    load: async (grammar) => void grammars.push(grammar),
    setGrammar: async (grammar) => void grammars.push(grammar),
    begin: () => ({
      feed: () => {},
      finish: async () => ({ outcome: "transcript", text: "help", confidence: 1, engine: "fake" }),
      cancel: () => {},
    }),
    close: async () => {},
  };
  const wakes: FakeWake[] = [new FakeWake(["hey jarvis"])];
  const player = new FakePlayer();
  const synthesiser = new FakeSynthesiser();
  const hardware: NodeHardware = {
    board: {
      sample: async () => ({ uptimeS: 1 }),
      model: async () => "Bench",
      boot: async () => "b",
      inventory: async () => ({ model: "Bench" }),
    },
    gpio,
    hid: "not configured",
    microphone,
    wake: wakes[0] as FakeWake,
    endpoint: new FakeEndpoint(SAMPLE_RATE / 4),
    recogniser,
    synthesiser,
    player,
    wakePhrases: ["hey jarvis", "alexa"],
    makeWake: async (phrases) => {
      const engine = new FakeWake(phrases);
      wakes.push(engine);
      return engine;
    },
  };
  return { hardware, mic, grammars, wakes, player, synthesiser, writes, edges };
}
