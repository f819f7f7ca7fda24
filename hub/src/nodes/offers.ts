import type { Clock } from "@barnacle/protocol/runtime";
import { Events } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { DeviceRecord, Devices, HostStats, NodeFacts, NodeOffers, NodeSkill, NodeTool } from "../services.ts";

/** The command behind tools of MCP servers, where a tool names none. */
const MCP_COMMAND = "mcp.tools.call.v1";
/** Who says more often that it is alive is not written down each time. */
const ALIVE_EVERY_MS = 60_000;

type OfferedTool = Omit<NodeTool, "nodeId" | "command"> & { readonly command?: string };

interface Said {
  readonly connId: string;
  facts: NodeFacts;
  tools: readonly NodeTool[];
  skills: readonly NodeSkill[];
  aliveAt?: number;
}

/** What nodes say of themselves while connected. What an older connection says after a newer one came is not taken. */
export class ConnectedOffers implements NodeOffers {
  readonly events: NodeOffers["events"] = new Events();
  readonly #devices: Pick<Devices, "get" | "touch">;
  readonly #clock: Clock;
  readonly #said = new Map<string, Said>();

  constructor(options: { devices: Pick<Devices, "get" | "touch">; clock: Clock }) {
    this.#devices = options.devices;
    this.#clock = options.clock;
  }

  /** A node's newest connection. */
  join(nodeId: string, connId: string): void {
    this.#said.set(nodeId, { connId, facts: {}, tools: [], skills: [] });
  }

  leave(nodeId: string, connId: string): void {
    const said = this.#of(nodeId, connId);
    if (!said) return;
    this.#said.delete(nodeId);
    if (said.tools.length + said.skills.length > 0) this.events.emit("offers", { nodeId });
  }

  facts(nodeId: string): NodeFacts {
    return this.#said.get(nodeId)?.facts ?? {};
  }

  tools(): readonly NodeTool[] {
    return [...this.#said.values()].flatMap(({ tools }) =>
      tools.filter(({ nodeId, command }) => mayUse(this.#devices.get(nodeId), command)),
    );
  }

  skills() {
    return [...this.#said].flatMap(([nodeId, { skills }]) => {
      const device = this.#devices.get(nodeId);
      return device?.online && !device.blocked ? skills.map((skill) => ({ ...skill, nodeId })) : [];
    });
  }

  callOf({ nodeId, command, mcp }: NodeTool, args: JsonObject) {
    const params = mcp ? { server: mcp.server, tool: mcp.tool, arguments: args } : args;
    return { deviceId: nodeId, command, params };
  }

  /** @returns the tools taken, or undefined when a newer connection speaks for the node */
  setTools(nodeId: string, connId: string, tools: readonly OfferedTool[]): readonly NodeTool[] | undefined {
    const said = this.#of(nodeId, connId);
    if (!said) return undefined;
    const byName = new Map(tools.map((tool) => [tool.name, tool]));
    said.tools = [...byName.values()].flatMap((tool) => {
      const command = tool.command ?? (tool.mcp ? MCP_COMMAND : undefined);
      return command === undefined ? [] : [{ ...tool, nodeId, command }];
    });
    this.events.emit("offers", { nodeId });
    return said.tools;
  }

  setSkills(nodeId: string, connId: string, skills: readonly NodeSkill[]): readonly NodeSkill[] | undefined {
    const said = this.#of(nodeId, connId);
    if (!said) return undefined;
    said.skills = [...new Map(skills.map((skill) => [skill.name, skill])).values()];
    this.events.emit("offers", { nodeId });
    return said.skills;
  }

  /** @returns false when a newer connection speaks for the node */
  setHostStats(nodeId: string, connId: string, stats: Omit<HostStats, "updatedAtMs">): boolean {
    const said = this.#of(nodeId, connId);
    if (!said) return false;
    const hostStats = { ...stats, updatedAtMs: this.#clock.now() };
    said.facts = { ...said.facts, hostStats };
    this.#devices.touch(nodeId);
    this.events.emit("hostStats", { nodeId, hostStats });
    return true;
  }

  /** @param idleSeconds since somebody used the machine; undefined: it no longer says */
  setActivity(nodeId: string, connId: string, idleSeconds: number | undefined): boolean {
    const said = this.#of(nodeId, connId);
    if (!said) return false;
    const now = this.#clock.now();
    const activity =
      idleSeconds === undefined
        ? { lastActiveAtMs: null, presenceUpdatedAtMs: null }
        : { lastActiveAtMs: now - Math.round(idleSeconds * 1000), presenceUpdatedAtMs: now };
    said.facts = { ...said.facts, activity };
    this.events.emit("activity", { nodeId, ...activity });
    return true;
  }

  /** @returns what came of it, or undefined when a newer connection speaks for the node */
  alive(nodeId: string, connId: string, reason: string): "updated" | "throttled" | undefined {
    const said = this.#of(nodeId, connId);
    if (!said) return undefined;
    const now = this.#clock.monotonic();
    if (said.aliveAt !== undefined && now - said.aliveAt < ALIVE_EVERY_MS) return "throttled";
    said.aliveAt = now;
    said.facts = { ...said.facts, lastSeenReason: reason };
    this.#devices.touch(nodeId);
    return "updated";
  }

  inventory(nodeId: string, connId: string): boolean {
    if (!this.#of(nodeId, connId)) return false;
    this.events.emit("inventory", { nodeId });
    return true;
  }

  #of(nodeId: string, connId: string): Said | undefined {
    const said = this.#said.get(nodeId);
    return said?.connId === connId ? said : undefined;
  }
}

function mayUse(device: DeviceRecord | undefined, command: string): boolean {
  if (!device?.online || device.blocked || device.unapprovedCommands?.includes(command)) return false;
  return device.manifest?.commands.some(({ name }) => name === command) ?? false;
}
