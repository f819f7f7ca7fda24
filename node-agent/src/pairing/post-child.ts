/**
 * A process that posts for the node and ends with its standard input. Lines of JSON: `{url, body}` in, `{status, json}` or
 * `{failure}` out, in order.
 */
import { createInterface } from "node:readline";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { postJson } from "./post-json.ts";

const never = new AbortController().signal;

for await (const line of createInterface({ input: process.stdin })) {
  const { url, body } = JSON.parse(line) as { url: string; body: unknown };
  let answer: unknown;
  try {
    answer = await postJson(url, body, never);
  } catch (error) {
    answer = { failure: error instanceof BarnacleError ? error.toShape() : { message: messageOf(error) } };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
