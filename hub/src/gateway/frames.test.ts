import { once } from "node:events";
import t from "tap";
import { WebSocket, WebSocketServer } from "ws";
import { textFrame } from "./frames.ts";

t.test(
  "a frame written to the socket is what the library would have sent, at every length of its header",
  async (t) => {
    const texts = ["", "a", "ü€😀", ..."x".repeat(3)].concat(
      [125, 126, 65_535, 65_536, 200_000].map((n) => "y".repeat(n)),
    );
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    t.teardown(() => server.close());
    server.on("connection", (ws, request) => {
      for (const text of texts) {
        request.socket.write(textFrame(text));
        ws.send(text);
      }
      ws.ping();
      request.socket.write(textFrame("end"));
    });
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    t.teardown(() => client.terminate());
    const heard: string[] = [];
    await new Promise<void>((resolve, reject) => {
      client.on("error", reject);
      client.on("message", (data, binary) => {
        t.notOk(binary);
        heard.push(String(data));
        if (heard.length === 2 * texts.length + 1) resolve();
      });
    });
    t.same(heard, [...texts.flatMap((text) => [text, text]), "end"]);
  },
);
