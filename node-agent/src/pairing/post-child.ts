/**
 * A process that looks for hubs and posts for the node, and ends with its standard input. Lines of JSON in:
 * `{url, body, trust}` or `{findMs}`; out, in order: `{status, json, authority}`, `{hubs}` or `{failure}`.
 */
import { createInterface } from "node:readline";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { findHubs } from "./find-hubs.ts";
import { postJson } from "./post-json.ts";
import type { Trust } from "./secure-socket.ts";

type Order = { readonly findMs: number } | { readonly url: string; readonly body: unknown; readonly trust?: Trust };

const never = new AbortController().signal;

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  let answer: unknown;
  try {
    answer =
      "findMs" in order
        ? { hubs: await findHubs(order.findMs) }
        : await postJson(order.url, order.body, never, order.trust);
  } catch (error) {
    answer = { failure: error instanceof BarnacleError ? error.toShape() : { message: messageOf(error) } };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
