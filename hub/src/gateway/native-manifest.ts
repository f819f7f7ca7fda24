import type { ConnectParams } from "@barnacle/protocol/gateway";
import type { CapabilityManifest } from "@barnacle/protocol/schema";

const NAME = /^[a-zA-Z][a-zA-Z0-9]*(\.[a-zA-Z][a-zA-Z0-9]*)*$/;
const MOST = 200;

/** Words of phones and room nodes, in those that the router is asked with. Their own words stay beside ours. */
const OUR_WORDS: Readonly<Record<string, readonly string[]>> = {
  voiceWake: ["voice.wake"],
  voice: ["audio.capture", "speech.recognise"],
  talk: ["audio.capture"],
};

/** Commands that may be asked of another node instead, since doing them twice is doing them once. */
const IDEMPOTENT = new Set([
  ...["gpio.read", "gpio.write", "gpio.mode", "adc.read", "device.info", "device.status", "wifi.status"],
  ...["display.status", "talk.stop", "canvas.hide", "canvas.snapshot", "canvas.a2ui.reset", "camera.list"],
  ...["location.get", "system.which", "system.execApprovals.get", "dir.list", "file.fetch"],
]);

/** What a native node declares at connect, as the manifest that nodes of either wire have in the registry. */
export function nativeManifest({ client, caps = [], commands = [] }: ConnectParams): CapabilityManifest {
  const declared = names(caps);
  const capabilities = new Set([...declared, ...declared.flatMap((cap) => OUR_WORDS[cap] ?? [])]);
  return {
    name: (client.displayName ?? client.id).slice(0, 80),
    platform: client.platform.slice(0, 40),
    ...(client.deviceFamily === undefined ? {} : { deviceFamily: client.deviceFamily.slice(0, 80) }),
    ...(client.modelIdentifier === undefined ? {} : { modelIdentifier: client.modelIdentifier.slice(0, 120) }),
    agentVersion: client.version.slice(0, 40),
    capabilities: [...capabilities].map((name) => ({ name, available: true })),
    commands: names(commands).map((name) => ({ name, idempotent: IDEMPOTENT.has(name) })),
    appliances: [],
  };
}

function names(list: readonly string[]): string[] {
  return [...new Set(list)].filter((name) => name.length <= 64 && NAME.test(name)).slice(0, MOST);
}
