import { type CapabilityManifest, matchesCommand } from "../schema/index.ts";
import type { Offer } from "./connection.ts";

/** Capabilities by the words that a gateway's other nodes have for them. */
const CAPS: readonly (readonly [cap: string, capability: string])[] = [
  ["gpio", "gpio"],
  ["talk", "audio.capture"],
  ["voice", "speech.recognise"],
  ["voiceWake", "voice.wake"],
];

/** Which commands a gateway may use; `deny` wins. */
export interface OfferRules {
  readonly offer: readonly string[];
  readonly deny: readonly string[];
}

export function isOffered({ offer, deny }: OfferRules, command: string): boolean {
  const matches = (rule: string): boolean => matchesCommand(rule, command);
  return offer.some(matches) && !deny.some(matches);
}

/** What a node shows a gateway of what it can do. */
export function offerOf(
  { capabilities, commands }: Pick<CapabilityManifest, "capabilities" | "commands">,
  rules: OfferRules,
): Offer {
  const has = (wanted: string) => capabilities.some(({ name, available }) => name === wanted && available);
  return {
    caps: CAPS.flatMap(([cap, capability]) => (has(capability) ? [cap] : [])),
    commands: commands.map(({ name }) => name).filter((name) => isOffered(rules, name)),
    permissions: { microphone: has("audio.capture") },
  };
}
