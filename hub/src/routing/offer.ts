import type { Capability, CapabilityManifest } from "@barnacle/protocol/schema";
import type { Bound, DeviceRecord, Wanted } from "../services.ts";

/** What a manifest offers, by name. */
interface Offer {
  readonly capabilities: ReadonlyMap<string, Capability>;
  readonly commands: ReadonlySet<string>;
}

/** Made once for each manifest: a device's record is a new object with each sign of life, its manifest seldom. */
const offers = new WeakMap<CapabilityManifest, Offer>();

function offerOf(manifest: CapabilityManifest): Offer {
  const known = offers.get(manifest);
  if (known) return known;
  const offer = {
    capabilities: new Map(manifest.capabilities.map((capability) => [capability.name, capability])),
    commands: new Set(manifest.commands.map((command) => command.name)),
  };
  offers.set(manifest, offer);
  return offer;
}

/** Why `device` does not offer what is wanted; undefined when it does. A capability outweighs a command of the same name. */
export function lack(device: DeviceRecord, { capability: wanted, where }: Wanted): string | undefined {
  const { manifest } = device;
  if (!manifest) return "has not said what it offers";
  const { capabilities, commands } = offerOf(manifest);
  const capability = capabilities.get(wanted);
  if (capability && !capability.available) return `${wanted} is unavailable: ${capability.reason ?? "no reason given"}`;
  if (device.unapprovedCommands?.includes(wanted)) return `${wanted} awaits an operator's approval`;
  if (!capability && !commands.has(wanted)) return `does not offer ${wanted}`;
  return where && unfit(wanted, capability?.attributes ?? {}, where);
}

function unfit(
  name: string,
  attributes: Readonly<Record<string, unknown>>,
  where: Readonly<Record<string, Bound>>,
): string | undefined {
  for (const [key, bound] of Object.entries(where)) {
    const value = attributes[key];
    if (value === undefined) return `${name}: ${key} is not told, ${wish(bound)} was wanted`;
    if (!fits(value, bound)) return `${name}: ${key} is ${JSON.stringify(value)}, ${wish(bound)} was wanted`;
  }
  return undefined;
}

/** A list fits when any of its members does: `{phrases: "computer"}`. */
function fits(value: unknown, bound: Bound): boolean {
  if (Array.isArray(value)) return value.some((one) => fits(one, bound));
  if (typeof bound !== "object") return value === bound;
  if ("oneOf" in bound) return (bound.oneOf as readonly unknown[]).includes(value);
  if (typeof value !== "number") return false;
  return (bound.min === undefined || value >= bound.min) && (bound.max === undefined || value <= bound.max);
}

function wish(bound: Bound): string {
  if (typeof bound !== "object") return JSON.stringify(bound);
  if ("oneOf" in bound) return `one of ${bound.oneOf.join(", ")}`;
  const { min, max } = bound;
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  return min !== undefined ? `at least ${min}` : `at most ${max}`;
}
