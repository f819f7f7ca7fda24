import { BarnacleError } from "@barnacle/protocol/errors";

const REQUEST_TIMEOUT_MS = 10_000;
const MOST_BYTES = 64 * 1024;

/** Sends a JSON body, gives the JSON answer and its status. */
export type PostJson = (
  url: string,
  body: unknown,
  signal: AbortSignal,
) => Promise<{ readonly status: number; readonly json: unknown }>;

/**
 * Over `node:http`, since `fetch` costs 20 MB.
 * @throws HUB_UNREACHABLE when the answer is not JSON; connection failures as they come
 */
export const postJson: PostJson = async (url, body, signal) => {
  const { request } = url.startsWith("https:") ? await import("node:https") : await import("node:http");
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request(
      url,
      { method: "POST", headers: { "content-type": "application/json" }, signal, timeout: REQUEST_TIMEOUT_MS },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > MOST_BYTES) answer.destroy();
        });
        answer.on("close", () => resolve({ status: answer.statusCode ?? 0, text }));
        answer.on("error", reject);
      },
    );
    sent.on("timeout", () => sent.destroy(new BarnacleError("TIMEOUT", `no answer within ${REQUEST_TIMEOUT_MS} ms`)));
    sent.on("error", reject);
    sent.end(JSON.stringify(body));
  });
  try {
    return { status, json: JSON.parse(text) };
  } catch (error) {
    throw new BarnacleError("HUB_UNREACHABLE", `${url} answered ${status} without JSON; is a hub there?`, {
      cause: error,
    });
  }
};
