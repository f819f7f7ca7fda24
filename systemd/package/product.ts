/** What is packaged: two daemons with their Node, and the wake phrases whose licence is not everybody's. */
export const ARCHITECTURES = ["amd64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** How npm and Node call an architecture. */
export const NODE_ARCH: Readonly<Record<Architecture, "x64" | "arm64">> = { amd64: "x64", arm64: "arm64" };

export interface Product {
  /** Debian's name, and the folder below /usr/lib. */
  readonly name: "barnacle-hub" | "barnacle-node";
  readonly workspace: "hub" | "node-agent";
  /** Workspaces that it consists of. */
  readonly parts: readonly string[];
  /** The command in /usr/bin, and the script below the package's folder that it runs. */
  readonly command: string;
  readonly script: string;
  readonly summary: string;
  readonly description: readonly string[];
  readonly depends: readonly string[];
  /** Engines: the daemon runs without, and says what is off. */
  readonly recommends: readonly string[];
  readonly suggests: readonly string[];
}

const COMMON = [
  // The recorder library and Node's own floor.
  "libc6 (>= 2.34)",
  "libstdc++6",
  "libsystemd0",
  "init-system-helpers (>= 1.54)",
  "systemd | systemd-standalone-sysusers",
  "systemd | systemd-standalone-tmpfiles",
];

export const PRODUCTS: readonly Product[] = [
  {
    name: "barnacle-hub",
    workspace: "hub",
    parts: ["protocol", "hardware", "hub"],
    command: "barnacle",
    script: "hub/bin/barnacle.mjs",
    summary: "hub of the household's voice and I/O nodes",
    description: [
      "Knows the devices of the house, decides what may be done, carries it out, and",
      "speaks the gateway protocol of Moltbot and OpenClaw clients. Everything runs at",
      "home. The package brings its own Node and all modules.",
    ],
    depends: COMMON,
    recommends: ["espeak-ng"],
    suggests: ["barnacle-node", "flite", "pocketsphinx", "pocketsphinx-en-us"],
  },
  {
    name: "barnacle-node",
    workspace: "node-agent",
    parts: ["protocol", "hardware", "node-agent"],
    command: "barnacle-node",
    script: "node-agent/bin/barnacle-node.mjs",
    summary: "voice and I/O node of a room",
    description: [
      "Hears a wake phrase, recognises a sentence, speaks the answer and drives the",
      "board's pins for a Barnacle hub. The package brings its own Node and all modules.",
    ],
    depends: [...COMMON, "libasound2 | libasound2t64"],
    recommends: ["alsa-utils", "espeak-ng", "libusb-1.0-0", "pocketsphinx", "pocketsphinx-en-us"],
    suggests: ["barnacle-wake-phrases", "flite", "pulseaudio-utils"],
  },
];

/** openWakeWord's trained phrases, which may not be used commercially, in a package of their own. */
export const PHRASES = {
  name: "barnacle-wake-phrases",
  summary: "openWakeWord's phrase models for barnacle-node, not for commercial use",
  description: [
    "Alexa, hey Jarvis, hey Mycroft and hey Rhasspy, as trained by the openWakeWord",
    "project. Their licence is CC BY-NC-SA 4.0: fine at home, not in a product.",
    "Without them barnacle-node listens for its phrase with pocketsphinx or Porcupine.",
  ],
  files: ["alexa_v0.1.onnx", "hey_jarvis_v0.1.onnx", "hey_mycroft_v0.1.onnx", "hey_rhasspy_v0.1.onnx"],
} as const;

export const MAINTAINER = "Barnacle <barnacle@localhost>";
