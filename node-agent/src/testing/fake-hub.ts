import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { encode, parseTopic, type TopicBody, type TopicName, topicFor } from "@barnacle/protocol/mqtt";
import { PAIR_CHALLENGE_PATH } from "@barnacle/protocol/pairing";
import { Aedes } from "aedes";

export interface HubMessage {
  readonly name: TopicName;
  readonly id: string;
  readonly body: Record<string, unknown>;
}

/** As much of a hub as a node can see: pairing over HTTP and a broker. Pairs whoever asks. For tests. */
export async function fakeHub(): Promise<FakeHub> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const broker = createTcpServer((socket) => {
    sockets.add(socket);
    aedes.handle(socket);
  });
  const port = await listen(broker);
  const http = createServer((request, response) => {
    request.resume();
    response.setHeader("content-type", "application/json");
    const challenge = { nonce: "0123456789abcdef", site: "home", hubName: "Test", expiresAt: 1 };
    const paired = { status: "paired", site: "home", mqtt: { port, tls: false } };
    response.end(JSON.stringify(request.url === PAIR_CHALLENGE_PATH ? challenge : paired));
  });
  const httpPort = await listen(http);
  const hub = new FakeHub(aedes, `http://127.0.0.1:${httpPort}`, async () => {
    for (const socket of sockets) socket.destroy();
    http.closeAllConnections();
    http.close();
    broker.close();
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
  });
  return hub;
}

export class FakeHub {
  readonly url: string;
  readonly messages: HubMessage[] = [];
  /** Called for each message as it comes; acknowledge and answer here. */
  react: (message: HubMessage) => void = () => {};
  readonly close: () => Promise<void>;
  readonly #aedes: Aedes;
  #ids = 0;
  #node = "";

  constructor(aedes: Aedes, url: string, close: () => Promise<void>) {
    this.#aedes = aedes;
    this.url = url;
    this.close = close;
    aedes.on("publish", (packet, client) => {
      const parsed = client ? parseTopic(packet.topic) : undefined;
      if (!parsed) return;
      this.#node = parsed.node;
      const { id, body } = JSON.parse(packet.payload.toString()) as Omit<HubMessage, "name">;
      const message = { name: parsed.name, id, body };
      this.messages.push(message);
      if (message.name === "notice") this.send("ack", { ids: [id] });
      this.react(message);
    });
  }

  of(name: TopicName): HubMessage[] {
    return this.messages.filter((message) => message.name === name);
  }

  /** Sends to the node that was heard last. */
  send<N extends TopicName>(name: N, body: TopicBody<N>, topicId?: string): void {
    const payload = encode(name, { id: `hub-${this.#ids++}`, ts: Date.now() }, body);
    const topic = topicFor({ site: "home", node: this.#node }, name, topicId);
    this.#aedes.publish({ cmd: "publish", topic, payload, qos: 1, retain: false, dup: false }, () => {});
  }
}

function listen(server: {
  listen(port: number, host: string, done: () => void): unknown;
  address(): unknown;
}): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
