import { Readable } from "node:stream";
import type { RetainedMessage, RetainedStore } from "./retained-store.ts";
import { TopicTree } from "./topic-tree.ts";

interface RetainedPacket {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly qos: number;
}

/**
 * What aedes asks of a persistence. Retained messages live in SQLite; their topics in memory, found exactly or by tree.
 * Every session is a clean one, so there are no offline subscriptions or queues to keep; QoS 2 is refused before it gets
 * here; a will lives with its connection. (The persistence that comes with aedes scans all retained topics at each
 * SUBSCRIBE, which at 5,000 nodes costs seconds.)
 */
export class BrokerPersistence {
  readonly #store: RetainedStore;
  readonly #retained = new TopicTree<string>();

  constructor(store: RetainedStore) {
    this.#store = store;
  }

  get retainedCount(): number {
    return this.#retained.size;
  }

  retained(topic: string): RetainedMessage | undefined {
    return this.#retained.get(topic) === undefined ? undefined : this.#store.read(topic);
  }

  async setup(): Promise<void> {
    for (const topic of this.#store.topics()) this.#retained.set(topic, topic);
  }

  async storeRetained(packet: RetainedPacket): Promise<void> {
    const payload = Buffer.from(packet.payload);
    if (payload.length === 0) {
      if (this.#retained.delete(packet.topic)) this.#store.delete(packet.topic);
      return;
    }
    this.#store.put({ topic: packet.topic, payload, qos: packet.qos === 0 ? 0 : 1 });
    if (this.#retained.get(packet.topic) === undefined) this.#retained.set(packet.topic, packet.topic);
  }

  createRetainedStream(filter: string): Readable {
    return this.createRetainedStreamCombi([filter]);
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    const topics = filters.flatMap((filter) => [...this.#retained.match(filter)]);
    const found = topics.map((topic) => this.#store.read(topic)).filter((message) => message !== undefined);
    return Readable.from(found.map((message) => ({ cmd: "publish", retain: true, dup: false, ...message })));
  }

  async addSubscriptions(): Promise<void> {}
  async removeSubscriptions(): Promise<void> {}
  async cleanSubscriptions(): Promise<void> {}

  async subscriptionsByClient(): Promise<readonly never[]> {
    return [];
  }

  async subscriptionsByTopic(): Promise<never[]> {
    return [];
  }

  async countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
    return { subsCount: 0, clientsCount: 0 };
  }

  async outgoingEnqueue(): Promise<void> {}
  async outgoingEnqueueCombi(): Promise<void> {}
  async outgoingUpdate(): Promise<void> {}
  async outgoingClearMessageId(): Promise<undefined> {}

  outgoingStream(): Readable {
    return Readable.from([]);
  }

  async incomingStorePacket(): Promise<void> {}
  async incomingGetPacket(): Promise<undefined> {}
  async incomingDelPacket(): Promise<void> {}
  async cleanIncoming(): Promise<void> {}

  async putWill(): Promise<void> {}
  async getWill(): Promise<undefined> {}
  async delWill(): Promise<undefined> {}

  streamWill(): Readable {
    return Readable.from([]);
  }

  getClientList(): Readable {
    return Readable.from([]);
  }

  async destroy(): Promise<void> {
    this.#store.flush();
  }
}
