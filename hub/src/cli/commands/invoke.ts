import { randomUUID } from "node:crypto";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { Command } from "commander";
import type { RouteDecision } from "../../services.ts";
import type { GatewayClient } from "../gateway/client.ts";
import { count, jsonObject } from "../gateway/parse.ts";
import { example, type Family } from "../session.ts";
import { showDevice } from "./devices.ts";

interface InvokeOptions {
  readonly room?: string;
  readonly cap?: string;
  readonly timeout: number;
  readonly key?: string;
}

interface Target {
  readonly nodeId: string;
  readonly why?: string;
}

const LATE_MS = 5000;

export const invokeFamily: Family = (program, open) => {
  example(
    program
      .command("invoke [words...]")
      .description("run a command on a device, or on the best one of a room or with a capability")
      .usage("(<device> | --room R | --cap C) <command> [JSON]")
      .option("--room <room>", "the best device in this room that has the command")
      .option("--cap <capability>", "the best device with this capability")
      .option("--timeout <ms>", "how long the device may take", count, 30_000)
      .option("--key <key>", "idempotency key: the same key is never executed twice"),
    `barnacle invoke Kitchen gpio.write '{"line": 17, "value": true}'`,
    `barnacle invoke --room kitchen talk.speak '{"text": "Dinner is ready."}'`,
  ).action(async (words: string[], options: InvokeOptions, cli: Command) => {
    const session = open(cli);
    const { device, command, params } = readWords(words, options);
    const answer = await session.hub(async (client) => {
      const target = await chooseTarget(client, device, command, options);
      const result = await client.call<{ nodeId: string; command: string; payload: unknown }>(
        "node.invoke",
        {
          nodeId: target.nodeId,
          command,
          params,
          timeoutMs: options.timeout,
          idempotencyKey: options.key ?? randomUUID(),
        },
        options.timeout + LATE_MS,
      );
      return {
        ok: true,
        nodeId: target.nodeId,
        command,
        payload: result.payload,
        ...(target.why && { why: target.why }),
      };
    });
    session.out.print(answer, (style) =>
      [
        ...(answer.why ? [style.dim(`on ${answer.nodeId.slice(0, 12)}: ${answer.why}`)] : []),
        JSON.stringify(answer.payload, undefined, 2),
      ].join("\n"),
    );
  });
};

/** With --room or --cap there is no device word: `<command> [JSON]`, else `<device> <command> [JSON]`. */
function readWords(
  words: readonly string[],
  options: InvokeOptions,
): { device: string | undefined; command: string; params: JsonObject } {
  const routed = options.room !== undefined || options.cap !== undefined;
  const [device, command, json, ...rest] = routed ? [undefined, ...words] : words;
  if (command === undefined || (!routed && device === undefined))
    throw new BarnacleError("USAGE", `expected ${routed ? "" : "<device> "}<command> [JSON]`, {
      hint: "See: barnacle invoke --help",
    });
  if (rest.length > 0)
    throw new BarnacleError("USAGE", `"${rest[0]}" is one word too many`, {
      hint: routed ? "--room and --cap choose the device; leave its name out." : "Quote the JSON for the shell.",
    });
  return { device, command, params: json === undefined ? {} : jsonObject(json, "the parameters") };
}

async function chooseTarget(
  client: GatewayClient,
  device: string | undefined,
  command: string,
  options: InvokeOptions,
): Promise<Target> {
  if (device !== undefined) return { nodeId: (await showDevice(client, device)).deviceId };
  const decision = await explainRoute(client, options.cap ?? command, options.room);
  if (decision.chosen) return { nodeId: decision.chosen.deviceId, why: decision.chosen.why };
  const reasons = decision.rejected.map((one) => `${one.displayName}: ${one.reason}`).join("; ");
  throw new BarnacleError("ROUTE_NONE", `no device can do ${options.cap ?? command}${reasons ? ` (${reasons})` : ""}`);
}

export function explainRoute(
  client: GatewayClient,
  capability: string,
  room: string | undefined,
): Promise<RouteDecision> {
  return client.call("barnacle.route.explain", { capability, ...(room === undefined ? {} : { room }) });
}
