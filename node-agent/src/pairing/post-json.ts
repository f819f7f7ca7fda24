import type { ClientRequest, IncomingMessage } from "node:http";
import { BarnacleError } from "@barnacle/protocol/errors";
import { secureSocket, type Trust } from "./secure-socket.ts";

const REQUEST_TIMEOUT_MS = 10_000;
const MOST_BYTES = 64 * 1024;

export interface Posted {
  readonly status: number;
  readonly json: unknown;
  /** The certificate of the hub's own authority under which it answered, PEM. */
  readonly authority?: string;
}

/** Sends a JSON body to a hub that is trusted, gives the JSON answer and its status. */
export type PostJson = (url: string, body: unknown, signal: AbortSignal, trust?: Trust) => Promise<Posted>;

/**
 * Over `node:http`, since `fetch` costs 20 MB.
 * @throws HUB_UNREACHABLE when the answer is not JSON, HUB_UNTRUSTED; connection failures as they come
 */
export const postJson: PostJson = async (url, body, signal, trust = {}) => {
  const { request } = await import("node:http");
  const target = new URL(url);
  const secure = target.protocol === "https:" ? await connected(target, trust) : undefined;
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const answered = (answer: IncomingMessage): void => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > MOST_BYTES) answer.destroy();
      });
      answer.on("close", () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.on("error", reject);
    };
    const sent: ClientRequest = request(
      {
        ...{ host: hostOf(target), port: portOf(target), path: `${target.pathname}${target.search}`, signal },
        ...{ method: "POST", timeout: REQUEST_TIMEOUT_MS },
        headers: { "content-type": "application/json", host: target.host, connection: "close" },
        ...(secure ? { createConnection: () => secure.socket } : {}),
      },
      answered,
    );
    sent.on("timeout", () => sent.destroy(new BarnacleError("TIMEOUT", `no answer within ${REQUEST_TIMEOUT_MS} ms`)));
    sent.on("error", reject);
    sent.end(JSON.stringify(body));
  });
  try {
    const authority = secure?.authority;
    return { status, json: JSON.parse(text), ...(authority === undefined ? {} : { authority }) };
  } catch (error) {
    throw new BarnacleError("HUB_UNREACHABLE", `${url} answered ${status} without JSON; is a hub there?`, {
      cause: error,
    });
  }
};

function connected(target: URL, trust: Trust) {
  return secureSocket({ host: hostOf(target), port: portOf(target), trust });
}

/** Without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function portOf({ port, protocol }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}
