import path from "node:path";
import { createBoardMonitor } from "@barnacle/hardware/board";
import type { EndpointDetector } from "@barnacle/hardware/endpoint";
import { createGpio, type GpioPort, type StartValue } from "@barnacle/hardware/gpio";
import type { HidPanel } from "@barnacle/hardware/hid";
import type { Microphone } from "@barnacle/hardware/microphone";
import type { Recogniser } from "@barnacle/hardware/speech";
import type { Player, Synthesiser } from "@barnacle/hardware/voice";
import type { WakeEngine, WakeOptions } from "@barnacle/hardware/wake";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { NodeConfiguration } from "../config/index.ts";
import { choosePhrases } from "../household/index.ts";
import type { FindHardware, Maybe } from "./node-hardware.ts";
import { wakeOptions } from "./wake-options.ts";

/** The drivers and engines of `@barnacle/hardware`. Each is loaded by need: a node that does not listen is smaller for it. */
export const findHardware: FindHardware = async (config, wakeWords, runtime) => {
  const options = wakeOptions(config);
  const known = await knownPhrases(config, options);
  const phrases = choosePhrases(wakeWords, known, config.wake.phrases);
  const listens = config.microphone.driver !== "none" && config.wake.engine !== "none";
  const makeWake = async (wanted: readonly string[]): Promise<WakeEngine> => {
    const { createWakeEngine } = await import("@barnacle/hardware/wake");
    const engine = createWakeEngine({ ...options, phrases: wanted });
    await engine.load();
    return engine;
  };
  // Before anything that takes its time: a pin that must be safe is so first.
  const gpio = await openGpio(config, runtime.startValue);
  const hid = await openHid(config, runtime);
  const [microphone, wake, endpoint, recogniser, synthesiser, player] = await Promise.all([
    openMicrophone(config, runtime),
    listens ? attempt(() => makeWake(phrases)) : "not configured (wake.engine or microphone.driver is none)",
    listens ? attempt(() => loadEndpoint(config)) : "not configured",
    openRecogniser(config),
    openSynthesiser(config),
    openPlayer(config),
  ]);
  return {
    board: createBoardMonitor({ diskPath: config.stateDir }),
    gpio,
    hid,
    microphone,
    wake,
    endpoint,
    recogniser,
    synthesiser,
    player,
    wakePhrases: known,
    makeWake,
  };
};

/** Only what the configured engine knows: asking every engine would load every native library. */
async function knownPhrases(config: NodeConfiguration, options: WakeOptions): Promise<readonly string[] | undefined> {
  const own = config.wake.phrases;
  if (config.wake.engine === "none") return own;
  if (config.wake.engine === "pocketsphinx") return undefined;
  const { OPENWAKEWORD_PHRASES, wakeEngineInfos } = await import("@barnacle/hardware/wake");
  switch (config.wake.engine) {
    case "openwakeword":
      return [...new Set([...OPENWAKEWORD_PHRASES, ...own])];
    case "porcupine": {
      const info = wakeEngineInfos(options).find(({ engine }) => engine === "porcupine");
      return [...new Set([...(info?.phrases ?? []), ...own])];
    }
  }
}

async function openMicrophone(
  config: NodeConfiguration,
  runtime: { clock: Clock; random: Random },
): Promise<Maybe<Microphone>> {
  const { driver, device, command, file, thenSilence } = config.microphone;
  if (driver === "none") return "not configured (microphone.driver is none)";
  const { createMicrophone } = await import("@barnacle/hardware/microphone");
  const microphone = createMicrophone({
    driver,
    ...runtime,
    thenSilence,
    ...(device === undefined ? {} : { device }),
    ...(command === undefined ? {} : { command }),
    ...(file === undefined ? {} : { file }),
  });
  const state = await microphone.availability();
  if (state.available) return microphone;
  if (driver === "wav") throw new BarnacleError(state.code, state.reason, { hint: state.hint });
  return state.reason;
}

async function loadEndpoint(config: NodeConfiguration): Promise<EndpointDetector> {
  const { silenceMs, limitMs, noSpeechMs } = config.speech;
  const { modelDirectory } = config.wake;
  const times = { silenceMs, limitMs, noSpeechMs };
  const { createEndpoint } = await import("@barnacle/hardware/endpoint");
  const endpoint = createEndpoint(modelDirectory === undefined ? times : { ...times, modelDir: modelDirectory });
  await endpoint.load();
  return endpoint;
}

async function openRecogniser(config: NodeConfiguration): Promise<Maybe<Recogniser>> {
  const { engine, library, model, minConfidence } = config.speech;
  if (engine === "none") return "not configured (speech.engine is none)";
  const { createRecogniser, DEFAULT_WAKE_PHRASES } = await import("@barnacle/hardware/speech");
  // Whatever the hub makes the wake words, they may stand at the start of the audio.
  const wakePhrases = [...new Set([...DEFAULT_WAKE_PHRASES, ...config.wake.phrases])];
  return attempt(async () =>
    createRecogniser(engine, {
      wakePhrases,
      ...(library === undefined ? {} : { library }),
      ...(model === undefined ? {} : { model }),
      ...(minConfidence === undefined ? {} : { threshold: minConfidence }),
    }),
  );
}

/** A line, or a whole chip, that cannot be had is tried again by the driver; it is no reason to go without pins for ever. */
async function openGpio(config: NodeConfiguration, startValue: StartValue | undefined): Promise<Maybe<GpioPort>> {
  const { driver, lines, stateFile, chip } = config.gpio;
  if (driver === "none") return "not configured (gpio.driver is none)";
  if (driver === "auto" && lines.length === 0) return "not configured (gpio.lines is empty)";
  return attempt(async () => {
    const gpio = createGpio(driver, {
      ...(stateFile === undefined ? {} : { stateFile }),
      ...(chip === undefined ? {} : { chip }),
    });
    await gpio.open(lines, startValue);
    return gpio;
  });
}

/** Loaded by need: most nodes have none. @throws CONFIG_INVALID, FILE_UNREADABLE for a profile */
async function openHid(config: NodeConfiguration, runtime: { clock: Clock; random: Random }): Promise<Maybe<HidPanel>> {
  if (config.hid.devices.length === 0) return "not configured (hid.devices is empty)";
  const { HidPanel, loadHidProfile, NodeHidBus } = await import("@barnacle/hardware/hid");
  const devices = config.hid.devices.map(({ profile, name, vendor, product, serial }) => {
    const loaded = loadHidProfile(profile);
    return { name: name ?? loaded.name, profile: loaded, vendor, product, serial };
  });
  return new HidPanel({ bus: new NodeHidBus(), devices, ...runtime });
}

async function openSynthesiser(config: NodeConfiguration): Promise<Maybe<Synthesiser>> {
  const { engine, voice } = config.voice;
  if (engine === "none") return "not configured (voice.engine is none)";
  const { createSynthesiser } = await import("@barnacle/hardware/voice");
  return usable(() => createSynthesiser(engine, voice === undefined ? {} : { voice }));
}

async function openPlayer(config: NodeConfiguration): Promise<Maybe<Player>> {
  const { player, directory } = config.voice;
  if (player === "none") return "not configured (voice.player is none)";
  const { createPlayer } = await import("@barnacle/hardware/voice");
  return usable(() => createPlayer(player, { path: directory ?? path.join(config.stateDir, "spoken") }));
}

async function usable<T extends Synthesiser | Player>(make: () => T): Promise<Maybe<T>> {
  return attempt(async () => {
    const part = make();
    const state = await part.availability();
    if (!state.available) throw new BarnacleError(state.code, state.reason, { hint: state.hint });
    return part;
  });
}

async function attempt<T extends object>(make: () => Promise<T>): Promise<Maybe<T>> {
  try {
    return await make();
  } catch (error) {
    return messageOf(error);
  }
}
