import { type Static, type TProperties, Type } from "@sinclair/typebox";
import { Appliance, ApplianceKind } from "../schema/capability.ts";
import { literals, RoomName } from "../schema/common.ts";

/** As the pins of `hardware` know them. */
const LINE_BIASES = ["pull-up", "pull-down", "off"] as const;

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

/** A section that may be left out: it then consists of its defaults. */
function section<T extends TProperties>(description: string, members: T) {
  return Type.Object(members, { additionalProperties: false, default: {}, description });
}

const Microphone = section("Where sound comes from.", {
  driver: Type.Unsafe<"pvrecorder" | "parec" | "arecord" | "command" | "wav" | "none">({
    ...literals(["pvrecorder", "parec", "arecord", "command", "wav", "none"]),
    default: "pvrecorder",
    description: "pvrecorder, parec, arecord: a sound device; command: any recorder; wav: a file at real pace; none",
  }),
  device: Type.Optional(
    Type.Union([Type.Integer({ minimum: -1 }), Type.String({ minLength: 1 })], {
      description: "index (pvrecorder) or name of the device; absent: the system's default",
    }),
  ),
  command: Type.Optional(
    Type.Array(Type.String(), {
      minItems: 1,
      description: "command: program and arguments that write 16 kHz mono s16le; no shell is involved",
    }),
  ),
  file: text("wav: a 16 kHz mono 16-bit WAV file"),
  muted: Type.Boolean({ default: false, description: "closed at every start, whatever it was before" }),
  thenSilence: Type.Boolean({ default: true, description: "wav: go on with silence after the end of the file" }),
});

const Wake = section("The wake engine.", {
  engine: Type.Unsafe<"openwakeword" | "porcupine" | "pocketsphinx" | "none">({
    ...literals(["openwakeword", "porcupine", "pocketsphinx", "none"]),
    default: "openwakeword",
    description: "openwakeword, porcupine (needs accessKey), pocketsphinx or none",
  }),
  phrases: Type.Array(Type.String({ minLength: 1, maxLength: 80 }), {
    default: ["hey jarvis"],
    maxItems: 20,
    description: "phrases to listen for; the hub's global wake words replace them where the engine has them",
  }),
  threshold: Type.Number({ default: 0.5, minimum: 0, maximum: 1, description: "lowest score that counts, 0 to 1" }),
  modelDirectory: text("directory of the engine's model files"),
  accessKey: text("Porcupine's access key; never printed"),
  bargeIn: Type.Boolean({
    default: false,
    description: "the wake phrase ends an answer that is being spoken; only where the node does not hear itself",
  }),
});

const Speech = section("Recogniser and end of speech.", {
  engine: Type.Unsafe<"pocketsphinx" | "vosk" | "none">({
    ...literals(["pocketsphinx", "vosk", "none"]),
    default: "pocketsphinx",
    description: "pocketsphinx, vosk (needs library and model) or none",
  }),
  library: text("path of the engine's native library"),
  model: text("directory of the acoustic model"),
  minConfidence: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1, description: "results below it are rejected; absent: the engine's own" }),
  ),
  silenceMs: Type.Number({ default: 700, minimum: 100, maximum: 5000, description: "pause that ends an utterance" }),
  limitMs: Type.Number({ default: 8000, minimum: 1000, maximum: 60_000, description: "longest utterance" }),
  noSpeechMs: Type.Number({ default: 4000, minimum: 500, maximum: 30_000, description: "patience for a first word" }),
  replyMs: Type.Number({ default: 8000, minimum: 500, maximum: 60_000, description: "patience for the hub's answer" }),
});

const Voice = section("How the node speaks.", {
  engine: Type.Unsafe<"espeak-ng" | "flite" | "none">({
    ...literals(["espeak-ng", "flite", "none"]),
    default: "espeak-ng",
    description: "espeak-ng, flite or none",
  }),
  voice: text("the engine's name of a voice"),
  player: Type.Unsafe<"pacat" | "aplay" | "file" | "none">({
    ...literals(["pacat", "aplay", "file", "none"]),
    default: "aplay",
    description: "pacat (PulseAudio, PipeWire), aplay (ALSA), file (writes WAV files) or none",
  }),
  directory: text("file: folder or .wav file for what is spoken; default: spoken in the state directory"),
});

const Level = (description: string) =>
  Type.Optional(Type.Unsafe<0 | 1>(Type.Union([Type.Literal(0), Type.Literal(1)], { description })));

/** A chip is named by its label: its number changes with the kernel. */
const ChipLabel = (description: string) =>
  Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 31,
      pattern: "^(?!(/dev/)?gpiochip)(?![0-9]+$)[^/ ]+$",
      description,
      refusal:
        "the chip's label was expected, as `barnacle-node doctor` shows it (pinctrl-rp1), never its number or device file",
    }),
  );

const LineRef = (description: string) =>
  Type.Union([Type.Integer({ minimum: 0, maximum: 1023 }), Type.String({ pattern: "^(?![0-9]+$).{1,48}$" })], {
    description,
    refusal: "an offset (17), or a name that is no number, was expected",
  });

const GpioLine = Type.Object(
  {
    line: LineRef("offset on the chip, or the kernel's name of the line (GPIO17)"),
    name: Type.Optional(
      Type.String({
        pattern: "^(?![0-9]+$).{1,48}$",
        description: "what hangs on it, as the household says it; commands take it too",
        refusal: "a name of at most 48 characters that is no number was expected",
      }),
    ),
    chip: ChipLabel("label of another chip than the board's own; such a line needs a name"),
    direction: Type.Unsafe<"in" | "out">({ ...literals(["in", "out"]), default: "out" }),
    activeLow: Type.Boolean({ default: false, description: "inverts the line: 1 always means on" }),
    bias: Type.Optional(
      Type.Unsafe<(typeof LINE_BIASES)[number]>({
        ...literals(LINE_BIASES),
        description: "resistor of the pin: pull-up, pull-down or off",
      }),
    ),
    debounceMs: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1000, description: "in: a level that is shorter is not told; milliseconds" }),
    ),
    watch: Type.Optional(Type.Boolean({ description: "in: tell the hub of every edge; default true" })),
    initial: Level("out: value at start; absent: safe, or as it is"),
    safe: Level("out: value after a crash, when the node stops, and when its hub is away for gpio.safeAfterS"),
  },
  { additionalProperties: false },
);
export type GpioLine = Static<typeof GpioLine>;

const Gpio = section("General-purpose pins.", {
  driver: Type.Unsafe<"auto" | "chardev" | "sysfs" | "fake" | "none">({
    ...literals(["auto", "chardev", "sysfs", "fake", "none"]),
    default: "auto",
    description:
      "chardev: the kernel's /dev/gpiochip; sysfs: /sys/class/gpio, its older interface; fake: simulated pins; auto: what the board has; none",
  }),
  chip: ChipLabel("label of the chip; absent: the header of a known board, or the only chip"),
  stateFile: text("fake: file that mirrors the pins as JSON"),
  safeAfterS: Type.Number({
    default: 60,
    minimum: 0,
    maximum: 86_400,
    description: "seconds without the hub until outputs take their safe value; 0: they never do for that",
  }),
  edgesPerS: Type.Number({
    default: 20,
    minimum: 1,
    maximum: 1000,
    description: "edges a second that are told to the hub; further ones are counted as dropped",
  }),
  lines: Type.Array(GpioLine, { default: [], maxItems: 64, description: "pins in use" }),
});

const Hid = section("Buttons, switches and lights on USB or Bluetooth (hidraw).", {
  devices: Type.Array(
    Type.Object(
      {
        profile: Type.String({
          minLength: 1,
          description: "a bundled profile (barnacle-node doctor lists them), or the path of a YAML file",
        }),
        name: text("what it is called; default: the profile's name"),
        vendor: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffff, description: "only this vendor id" })),
        product: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffff, description: "only this product id" })),
        serial: text("only the device with this serial number"),
      },
      { additionalProperties: false },
    ),
    { default: [], maxItems: 16, description: "devices in use; one that is away is looked for" },
  ),
});

const Controls = section("Pins that do what HID devices do.", {
  muteSwitch: text("name or number of an input: the microphone is closed while it is 1, or while it cannot be read"),
  muteButton: text("name or number of an input: each press closes or opens the microphone"),
  talkButton: text("name or number of an input: listens without a wake phrase, for as long as it is held"),
});

/** An appliance on one pin; its actions follow from its kind. */
export const LineAppliance = Type.Object(
  {
    id: Type.String({ pattern: "^[a-z0-9_-]{1,64}$", description: "unique on this node" }),
    name: Type.String({ minLength: 1, maxLength: 48, description: "as people say it, without the room" }),
    kind: ApplianceKind,
    room: Type.Optional(RoomName),
    aliases: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 48 }), { maxItems: 8 })),
    line: Type.Optional(LineRef("the pin it hangs on, by offset or name; or give actions")),
    actions: Type.Optional(Appliance.properties.actions),
  },
  { additionalProperties: false },
);
export type LineAppliance = Static<typeof LineAppliance>;

const Rules = (preset: string[], description: string) =>
  Type.Array(Type.String({ minLength: 1 }), { default: preset, description });

/** Joining somebody's gateway instead of a hub. */
export const UplinkConfig = Type.Object(
  {
    url: text("the gateway's address: ws://host:18789, wss://…; absent: the setup code's"),
    token: text("the gateway's shared token, for the first connection; never printed"),
    password: text("the gateway's password instead of a token; never printed"),
    tlsFingerprint: text("SHA-256 of the gateway's certificate, for wss:// with its own authority"),
    session: text("conversation that what is said here belongs to; default: the room's name"),
    ask: Type.Unsafe<"transcript" | "request">({
      ...literals(["transcript", "request"]),
      default: "transcript",
      description: "transcript: as speech; request: as a request without thinking, for models that cannot think",
    }),
    talk: Type.Boolean({
      default: false,
      description: "a second session, an operator's, that shows Talk's state in the apps",
    }),
    offer: Rules(["*"], "commands offered to the gateway, by name or group"),
    deny: Rules([], "commands not offered to the gateway, by name or group"),
    sentences: Rules([], "sentences to recognise, for a recogniser that works from a grammar (pocketsphinx)"),
    dictation: Type.Boolean({ default: false, description: "recognise any words (vosk) instead of the sentences" }),
    replyMs: Type.Number({ default: 45_000, minimum: 1000, maximum: 600_000, description: "patience for the answer" }),
  },
  { additionalProperties: false },
);
export type UplinkConfig = Static<typeof UplinkConfig>;

/** `barnacle-node`'s configuration file. */
export const NodeFileConfig = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 80, description: "default: the host's name" })),
    room: Type.Optional(RoomName),
    hub: Type.Optional(
      Type.String({
        pattern: "^https?://",
        description:
          "the hub's HTTP address; broker and site are learnt there; absent: the one of this machine, or the one that answers by mDNS",
      }),
    ),
    uplink: Type.Optional({ ...UplinkConfig, description: "join this gateway instead of a hub" }),
    microphone: Microphone,
    wake: Wake,
    speech: Speech,
    voice: Voice,
    gpio: Gpio,
    hid: Hid,
    controls: Controls,
    appliances: Type.Array(LineAppliance, { default: [], maxItems: 500, description: "things spoken of by name" }),
    deny: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: "commands this node refuses whoever asks, by name or group: audio.play, gpio.*",
    }),
    outbox: section("What waits on disk while the hub is away: turns, reports of what was spoken, events.", {
      messages: Type.Integer({ default: 1000, minimum: 10, maximum: 100_000, description: "most messages that wait" }),
      days: Type.Number({
        default: 14,
        minimum: 0.01,
        maximum: 365,
        description: "days that the node runs until one is given up",
      }),
    }),
    fleet: section("What the hub may change from afar.", {
      deny: Rules([], "keys of this file that the hub may not change, by name or group: room, gpio.*; * for all"),
      trialS: Type.Number({
        default: 120,
        minimum: 5,
        maximum: 3600,
        description:
          "seconds that a new configuration or package has to reach the hub; then the one before is restored",
      }),
      update: Type.Optional(
        Type.Object(
          {
            command: Type.Array(Type.String({ minLength: 1 }), {
              minItems: 1,
              description: "program and arguments that install a package; {file} stands for it, no shell is involved",
            }),
            timeoutS: Type.Number({ default: 300, minimum: 5, maximum: 3600, description: "longest installation" }),
          },
          { additionalProperties: false, description: "how packages are installed; absent: not at all" },
        ),
      ),
    }),
    telemetry: section("Board health.", {
      intervalS: Type.Number({ default: 10, minimum: 1, maximum: 3600, description: "seconds between reports" }),
    }),
  },
  { additionalProperties: false },
);
export type NodeFileConfig = Static<typeof NodeFileConfig>;
