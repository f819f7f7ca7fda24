import { BarnacleError } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { Commands, DeviceRecord, Devices, Household, Router, VoiceTurns } from "../../services.ts";
import { type Tool, type ToolSource, type ToolUse, tool } from "./tool.ts";

export interface HomeToolsOptions {
  readonly voice: Pick<VoiceTurns, "ask">;
  readonly household: Pick<Household, "rooms" | "appliances">;
  readonly devices: Pick<Devices, "list">;
  readonly router: Router;
  readonly commands: Commands;
}

const Room = Type.Optional(
  Type.String({ minLength: 1, maxLength: 48, description: "where; default: where it was asked" }),
);

/** What an agent can do in the home: three tools, whatever the home has in it, so that a small model finds its way. */
export class HomeTools implements ToolSource {
  readonly #options: HomeToolsOptions;
  readonly #tools: readonly Tool[];

  constructor(options: HomeToolsOptions) {
    this.#options = options;
    this.#tools = [
      tool({
        name: "home_list",
        label: "List the home",
        description: "Lists rooms, appliances with what can be done to them, and devices with their commands.",
        parameters: Type.Object({ room: Room }),
        run: async ({ room }) => this.#list(room),
      }),
      tool({
        name: "home_say",
        label: "Do something in the home",
        description:
          "Carries out one plain English sentence about the home, such as 'turn on the kitchen light', 'set a timer for five minutes' or 'add milk to the shopping list'.",
        parameters: Type.Object({ text: Type.String({ minLength: 1, maxLength: 500 }), room: Room }),
        risk: "medium",
        run: ({ text, room }, use) => this.#say(text, room ?? use.room, use),
      }),
      tool({
        name: "device_command",
        label: "Send a command to a device",
        description: "Sends one command to a device, chosen by id or as the best one in a room. home_list names both.",
        parameters: Type.Object({
          command: Type.String({ minLength: 1, maxLength: 64 }),
          params: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
          deviceId: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
          room: Room,
        }),
        risk: "high",
        run: (args, use) => this.#command(args, use),
      }),
    ];
  }

  tools(): readonly Tool[] {
    return this.#tools;
  }

  #list(room: string | undefined): JsonObject {
    const { household, devices } = this.#options;
    const here = (where: string | undefined) => room === undefined || where?.toLowerCase() === room.toLowerCase();
    const shown = devices.list().filter((device) => device.roles.includes("node") && here(device.room));
    return {
      rooms: [...household.rooms()],
      appliances: household
        .appliances()
        .filter((appliance) => here(appliance.room))
        .map(({ name, room, kind, actions }) => ({
          ...{ name, kind, actions: Object.keys(actions) },
          ...(room === undefined ? {} : { room }),
        })),
      devices: shown.map(deviceView),
    };
  }

  async #say(text: string, room: string | undefined, use: ToolUse): Promise<JsonObject> {
    const turn = await this.#options.voice.ask(text, {
      ...(room === undefined ? {} : { room }),
      principal: use.principal,
      idempotencyKey: use.key,
      origin: "run",
    });
    if (turn.ok) return { ok: true, reply: turn.reply ?? "" };
    throw new BarnacleError(
      "COMMAND_FAILED",
      turn.error?.code === "NOT_UNDERSTOOD"
        ? "the home did not understand that sentence; home_list shows what there is"
        : (turn.reply ?? turn.error?.message ?? "it did not work"),
    );
  }

  async #command(
    args: { command: string; params?: Record<string, unknown>; deviceId?: string; room?: string },
    use: ToolUse,
  ): Promise<JsonObject> {
    const { command, params = {}, deviceId, room = use.room } = args;
    const where = deviceId === undefined ? (room === undefined ? {} : { room }) : { deviceId };
    const { chosen, rejected } = this.#options.router.route({ capability: command, ...where });
    if (!chosen) {
      const why = rejected.map((one) => `${one.displayName}: ${one.reason}`).join("; ");
      throw new BarnacleError("ROUTE_NONE", `no device can do ${command} now${why ? ` (${why})` : ""}`);
    }
    const outcome = await this.#options.commands.invoke({
      ...{ deviceId: chosen.deviceId, command, params: params as JsonObject },
      ...{ idempotencyKey: use.key, principal: use.principal },
    });
    return { ok: true, device: chosen.displayName, payload: outcome.payload };
  }
}

function deviceView({ deviceId, displayName, room, online, manifest }: DeviceRecord): JsonObject {
  return {
    ...{ deviceId, name: displayName, online },
    ...(room === undefined ? {} : { room }),
    commands: manifest?.commands.map(({ name }) => name) ?? [],
  };
}
