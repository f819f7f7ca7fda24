import { randomUUID } from "node:crypto";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { Command } from "commander";
import type { RouteDecision, RouteRequest } from "../../services.ts";
import type { GatewayClient } from "../gateway/client.ts";
import { count, jsonObject } from "../gateway/parse.ts";
import { example, type Family } from "../session.ts";
import { oneLine } from "../table.ts";
import { type WantedOptions, wantedOf, wantedOptions } from "../wanted.ts";
import { showDevice } from "./devices.ts";

interface InvokeOptions extends WantedOptions {
  readonly timeout: number;
  readonly key?: string;
}

interface Invoked {
  readonly nodeId: string;
  readonly payload: unknown;
  readonly why?: string;
  /** Devices that were tried before. */
  readonly failed?: readonly { readonly displayName: string; readonly problem: string }[];
}

const LATE_MS = 5000;
const MOST_TRIES = 3;

export const invokeFamily: Family = (program, open) => {
  example(
    wantedOptions(
      program
        .command("invoke [words...]")
        .description("run a command on a device, or on the best one of a room or with a capability")
        .usage("(<device> | --room R | --cap C) <command> [JSON]")
        .option("--room <room>", "the best device that has the command, first of all in this room")
        .option("--cap <capability>", "the best device with this capability"),
    )
      .option("--timeout <ms>", "how long the device may take", count, 30_000)
      .option("--key <key>", "idempotency key: the same key is never executed twice"),
    `barnacle invoke Kitchen gpio.write '{"line": 17, "value": true}'`,
    `barnacle invoke --room kitchen talk.speak '{"text": "Dinner is ready."}'`,
  ).action(async (words: string[], options: InvokeOptions, cli: Command) => {
    const session = open(cli);
    const { device, command, params } = readWords(words, options);
    const answer = await session.hub(async (client) => {
      const { nodeId, payload, ...more } = await invoke(client, device, { command, params }, options);
      return { ok: true, nodeId, command, payload, ...more };
    });
    session.out.print(answer, (style) =>
      [
        ...(answer.failed ?? []).map((one) => style.yellow(`${oneLine(one.displayName)}: ${oneLine(one.problem)}`)),
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
  const routed = [options.room, options.cap, options.require, options.prefer].some((one) => one !== undefined);
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

/** On the named device, or on the one that the hub finds best; the hub goes on to the next only where that is safe. */
async function invoke(
  client: GatewayClient,
  device: string | undefined,
  call: { command: string; params: JsonObject },
  options: InvokeOptions,
): Promise<Invoked> {
  const common = { ...call, timeoutMs: options.timeout, idempotencyKey: options.key ?? randomUUID() };
  if (device !== undefined) {
    const { deviceId: nodeId } = await showDevice(client, device);
    const { payload } = await client.call<Invoked>("node.invoke", { ...common, nodeId }, options.timeout + LATE_MS);
    return { nodeId, payload };
  }
  const route = { ...wantedOf(options), ...(options.cap === undefined ? {} : { capability: options.cap }) };
  // Each device that is tried may take its time.
  const patience = MOST_TRIES * options.timeout + LATE_MS;
  const {
    nodeId,
    payload,
    why,
    failed = [],
  } = await client.call<Invoked>("barnacle.invoke", { ...common, route }, patience);
  return { nodeId, payload, ...(why === undefined ? {} : { why }), ...(failed.length === 0 ? {} : { failed }) };
}

export function explainRoute(
  client: GatewayClient,
  capability: string,
  wanted: Omit<RouteRequest, "forbids" | "capability"> = {},
): Promise<RouteDecision> {
  return client.call("barnacle.route.explain", { capability, ...wanted });
}
