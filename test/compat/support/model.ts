import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

interface Message {
  readonly role: string;
  readonly content: string | readonly { readonly type: string; readonly text?: string }[] | null;
}

/** What the model answers to a text of the user. */
export const answerTo = (said: string): string => `You said: ${said}. That is all.`;

/**
 * An OpenAI-compatible endpoint with one model, `echo`, that streams back what the user said last, a word at a time. It
 * stands where a language model would; no account is needed.
 */
export class EchoModel {
  /** Bodies of the requests it was sent. */
  readonly requests: { readonly model: string; readonly messages: readonly Message[] }[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async start(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.endsWith("/models")) {
      json(response, { object: "list", data: [{ id: "echo", object: "model", created: 0, owned_by: "test" }] });
      return;
    }
    const body = JSON.parse(await text(request)) as { model: string; messages: Message[]; stream?: boolean };
    this.requests.push(body);
    const answer = answerTo(lastSaid(body.messages));
    const base = { id: `chatcmpl-${this.requests.length}`, created: 0, model: body.model };
    const usage = { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 };
    if (!body.stream) {
      const choice = { index: 0, message: { role: "assistant", content: answer }, finish_reason: "stop" };
      json(response, { ...base, object: "chat.completion", choices: [choice], usage });
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const send = (choices: object[], more: object = {}): void => {
      response.write(`data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", choices, ...more })}\n\n`);
    };
    for (const piece of answer.split(/(?<= )/)) {
      send([{ index: 0, delta: { role: "assistant", content: piece }, finish_reason: null }]);
    }
    send([{ index: 0, delta: {}, finish_reason: "stop" }]);
    send([], { usage });
    response.end("data: [DONE]\n\n");
  }
}

function json(response: ServerResponse, body: object): void {
  response.setHeader("content-type", "application/json").end(JSON.stringify(body));
}

/** The last line of the user's last message: gateways put the time and the like before it. */
function lastSaid(messages: readonly Message[]): string {
  const last = messages.findLast(({ role }) => role === "user")?.content ?? "";
  const whole = typeof last === "string" ? last : last.map((part) => part.text ?? "").join("\n");
  const line =
    whole
      .trim()
      .split("\n")
      .findLast((each) => each.trim() !== "" && !/^\[message_id/.test(each)) ?? "";
  return line.replace(/^\[[^\]]*\]\s*/, "").trim();
}
