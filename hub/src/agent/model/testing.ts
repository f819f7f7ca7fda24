import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { ModelConfig } from "../../config/agent.ts";

export interface StubRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { messages: { role: string; content: unknown }[]; tools?: unknown[] } & JsonObject;
}

/** An endpoint of a language model on a real port, that says what a test wants, one answer after the other. */
export class StubModel {
  readonly requests: StubRequest[] = [];
  /** The last one is given again and again. */
  readonly answers: ((response: ServerResponse, request: StubRequest) => void)[] = [];
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString() || "{}");
      const seen = { path: request.url ?? "", headers: request.headers, body };
      this.requests.push(seen);
      const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
      answer?.(response, seen);
    });
  });

  static async start(t: { teardown(fn: () => unknown): void }): Promise<StubModel> {
    const stub = new StubModel();
    await new Promise<void>((resolve) => stub.#server.listen(0, "127.0.0.1", resolve));
    t.teardown(() => {
      stub.#server.closeAllConnections();
      return new Promise((resolve) => stub.#server.close(resolve));
    });
    return stub;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  config(patch: Partial<ModelConfig> = {}): ModelConfig {
    return {
      ...{ baseUrl: `http://127.0.0.1:${this.port}/v1`, model: "stub-1", provider: "stub", contextTokens: 8000 },
      ...{ reasoning: false, images: false, tools: true, silenceMs: 60_000 },
      ...patch,
    };
  }
}

export function event(response: ServerResponse, data: unknown): void {
  response.write(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
}

/** Words, one event each, then the end. */
export function says(...words: string[]) {
  return (response: ServerResponse): void => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const content of words) event(response, { model: "stub-1", choices: [{ delta: { content } }] });
    event(response, { choices: [{ delta: {}, finish_reason: "stop" }] });
    event(response, { choices: [], usage: { prompt_tokens: 11, completion_tokens: words.length } });
    event(response, "[DONE]");
    response.end();
  };
}

/** Calls of tools; the arguments come in two pieces, as endpoints send them. */
export function calls(...wanted: { readonly name: string; readonly args: string }[]) {
  return (response: ServerResponse): void => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const [index, { name, args }] of wanted.entries()) {
      const half = Math.floor(args.length / 2);
      const first = { index, id: `call_${index}`, function: { name, arguments: args.slice(0, half) } };
      event(response, { choices: [{ delta: { tool_calls: [first] } }] });
      event(response, { choices: [{ delta: { tool_calls: [{ index, function: { arguments: args.slice(half) } }] } }] });
    }
    event(response, { choices: [{ delta: {}, finish_reason: "tool_calls" }] });
    event(response, "[DONE]");
    response.end();
  };
}

export function status(code: number, body: string | object, headers: Record<string, string> = {}) {
  return (response: ServerResponse): void => {
    response.writeHead(code, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}
