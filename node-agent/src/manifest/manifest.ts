import type { Appliance, Capability, CapabilityManifest, CommandSpec, Inventory } from "@barnacle/protocol/schema";

/** A part of the node: the engine that does it, or why there is none. */
export type Part =
  | { readonly engine: string; readonly attributes?: Record<string, unknown> }
  | { readonly reason: string; readonly engine?: string };

export interface ManifestParts {
  readonly name: string;
  readonly room: string | undefined;
  readonly platform: string;
  readonly model: string | undefined;
  readonly agentVersion: string;
  /** By capability: `audio.capture`, `voice.wake`, `speech.endpoint`, `speech.recognise`, `audio.play`, `talk.speak`, `gpio`. */
  readonly parts: Readonly<Record<string, Part>>;
  /** Commands offered now. */
  readonly commands: readonly CommandSpec[];
  readonly appliances: readonly Appliance[];
  readonly inventory: Inventory | undefined;
}

const REASON_LENGTH = 500;

/**
 * What the node says of itself. Every command it offers is a capability too, so a router needs to look in one place only;
 * appliances whose commands are all missing are left out.
 */
export function manifestOf(from: ManifestParts): CapabilityManifest {
  const offered = new Set(from.commands.map((command) => command.name));
  const capabilities: Capability[] = Object.entries(from.parts).map(([name, part]) => capabilityOf(name, part));
  const named = new Set(capabilities.map((capability) => capability.name));
  for (const name of offered) if (!named.has(name)) capabilities.push({ name, available: true });
  return {
    name: from.name.slice(0, 80),
    ...(from.room === undefined ? {} : { room: from.room }),
    platform: from.platform,
    ...(from.model === undefined ? {} : { modelIdentifier: from.model.slice(0, 120) }),
    agentVersion: from.agentVersion,
    capabilities,
    commands: [...from.commands],
    ...(from.inventory === undefined ? {} : { inventory: from.inventory }),
    appliances: from.appliances.filter((appliance) =>
      Object.values(appliance.actions).some((binding) => binding && offered.has(binding.command)),
    ),
  };
}

function capabilityOf(name: string, part: Part): Capability {
  if ("reason" in part) {
    const engine = part.engine === undefined ? {} : { engine: part.engine };
    return { name, available: false, reason: part.reason.slice(0, REASON_LENGTH), ...engine };
  }
  const attributes = part.attributes === undefined ? {} : { attributes: part.attributes };
  return { name, available: true, engine: part.engine, ...attributes };
}
