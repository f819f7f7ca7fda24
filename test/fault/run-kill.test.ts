import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test as T } from "tap";
import { House } from "../support/house.ts";

t.setTimeout(300_000);

interface History {
  readonly messages: readonly { role: string; content: { text?: string }[]; errorMessage?: string }[];
}

/** An endpoint of a language model that begins every answer and ends none, until it is told to. */
async function stallingModel(t: T) {
  let stalls = true;
  const begun: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const send = (choice: object) => response.write(`data: ${JSON.stringify({ choices: [choice] })}\n\n`);
      send({ delta: { content: "Well " } });
      if (stalls) {
        begun.push(response);
        return;
      }
      send({ delta: { content: "done." }, finish_reason: "stop" });
      response.end("data: [DONE]\n\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return {
    config: { baseUrl, model: "stall", provider: "stub" },
    begun,
    recover: () => {
      stalls = false;
    },
  };
}

t.test(
  "a hub that is killed in the middle of an answer: every message is kept, each is ended or answered once",
  async (t) => {
    const model = await stallingModel(t);
    const house = new House(t.testdir(), { hub: { agent: { model: model.config } } });
    t.teardown(() => house.close());
    await house.startHub();
    const send = (message: string, idempotencyKey: string) =>
      house.call<{ runId: string; status: string }>("chat.send", { sessionKey: "main", message, idempotencyKey });
    t.match(await send("first", "k1"), { status: "started" });
    t.match(await send("second", "k2"), { status: "started" });
    await house.eventually("an answer that has begun", async () => model.begun[0]);
    await house.hub?.kill();
    model.recover();
    await house.startHub();
    const history = await house.eventually("both answers", async () => {
      const found = await house.call<History>("chat.history", { sessionKey: "main" });
      return found.messages.length >= 4 ? found : undefined;
    });
    t.same(
      history.messages.map(({ role, content }) => [role, content[0]?.text]),
      [
        ["user", "first"],
        ["assistant", "⚠️ the hub was restarted while it answered"],
        ["user", "second"],
        ["assistant", "Well done."],
      ],
    );
    t.match((await send("first", "k1").catch((error: unknown) => error)) as object, {
      message: /restarted while it answered/,
    });
    t.match(await send("second", "k2"), { status: "ok" });
    await house.hub?.kill();
    await house.startHub();
    const after = await house.call<History>("chat.history", { sessionKey: "main" });
    t.same(after.messages, history.messages, "a second restart adds nothing");
  },
);
