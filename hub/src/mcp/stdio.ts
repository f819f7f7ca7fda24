import type { Readable, Writable } from "node:stream";
import { validator } from "@barnacle/protocol/schema";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { mcpServer } from "./server.ts";
import { type Verb, verbs } from "./verbs.ts";

/** The way to the work: a running hub, or the state directory beside a stopped one. */
export interface StdioDoor {
  read(method: string, params: object): Promise<unknown>;
  write(method: string, params: object): Promise<unknown>;
}

/** Serves one client on the given streams until it closes its end. */
export async function serveStdio(door: StdioDoor, input: Readable, output: Writable): Promise<void> {
  const server = mcpServer({ verbs: verbs(), call: (verb, params) => call(door, verb, params) });
  const transport = new StdioServerTransport(input, output);
  const ended = new Promise<void>((resolve) => {
    input.once("end", resolve);
    input.once("close", resolve);
    server.onclose = resolve;
  });
  await server.connect(transport);
  await ended;
  await server.close();
}

/** Read from the file itself, what is asked is checked as the gateway checks it. @throws INPUT_INVALID */
async function call(door: StdioDoor, { method, params: schema, reads }: Verb, params: object): Promise<unknown> {
  validator(schema).parse(params, `invalid ${method} params`);
  return reads ? door.read(method, params) : door.write(method, params);
}
