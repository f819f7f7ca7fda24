import type { Commands, NodeOffers, NodeTool } from "../../services.ts";
import type { Tool, ToolSource } from "./tool.ts";

const ANYTHING = { type: "object", properties: {} };

/** Tools that native nodes offer, as long as they are connected. They are commands like all others, and pass the same door. */
export class NodeTools implements ToolSource {
  readonly #offers: Pick<NodeOffers, "tools" | "callOf">;
  readonly #commands: Commands;

  constructor(options: { offers: Pick<NodeOffers, "tools" | "callOf">; commands: Commands }) {
    this.#offers = options.offers;
    this.#commands = options.commands;
  }

  tools(): readonly Tool[] {
    return this.#offers.tools().map((offered) => this.#toolOf(offered));
  }

  #toolOf(offered: NodeTool): Tool {
    const { name, description, parameters, nodeId } = offered;
    return {
      ...{ name, label: name, description, parameters: parameters ?? ANYTHING, risk: "high" },
      source: { kind: "plugin", id: `${offered.pluginId}@${nodeId.slice(0, 12)}` },
      run: async (args, { principal, key }) => {
        const call = this.#offers.callOf(offered, args);
        const { payload } = await this.#commands.invoke({ ...call, principal, idempotencyKey: key });
        return payload;
      },
    };
  }
}
