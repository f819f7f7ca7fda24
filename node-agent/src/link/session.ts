import { connect as openSocket, type Socket } from "node:net";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { siteName } from "@barnacle/protocol/pairing";
import { MqttClient } from "mqtt";
import { secureSocket } from "../pairing/index.ts";

const CONNECT_TIMEOUT_MS = 10_000;
const ACKNOWLEDGE_TIMEOUT_MS = 10_000;
const KEEPALIVE_S = 15;
/** CONNACK return codes 4 (bad credentials) and 5 (not authorised). */
const REFUSED = new Set<unknown>([4, 5]);

export interface SessionOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly site: string;
  /** Certificate of the authority that vouches for the broker, PEM; absent: the system's authorities do. */
  readonly authority?: string | undefined;
  readonly clientId: string;
  readonly password: string;
  readonly will: { readonly topic: string; readonly payload: Buffer };
  /** Called for every message, from the first one on. */
  readonly message: (topic: string, payload: Buffer) => void;
}

/** One MQTT connection from CONNACK to its end. It never reconnects: each CONNECT needs a fresh proof. */
export interface Session {
  /** Settles when the connection is over, with the reason. */
  readonly closed: Promise<string>;
  /** Resolves when sent (QoS 0) or acknowledged (QoS 1). @throws HUB_UNREACHABLE, TIMEOUT */
  publish(topic: string, payload: Buffer, options: { qos: 0 | 1; retain: boolean }): Promise<void>;
  /** @throws TIMEOUT, FORBIDDEN */
  subscribe(filters: readonly string[]): Promise<void>;
  end(): Promise<void>;
}

export type OpenSession = (options: SessionOptions) => Promise<Session>;

/**
 * Connects and waits for the CONNACK.
 * @throws NOT_PAIRED when the broker refuses the proof, HUB_UNTRUSTED when it is not the pinned hub's, HUB_UNREACHABLE for
 * everything else
 */
export const openSession: OpenSession = async (options) => {
  const where = `${options.host}:${options.port}`;
  // Who is there is known before the first byte is sent: a proof is worth something to whoever relays it.
  const secure = options.tls ? await secureBroker(options) : undefined;
  const client = new MqttClient(() => secure ?? openSocket({ host: options.host, port: options.port, noDelay: true }), {
    clientId: options.clientId,
    username: options.clientId,
    password: options.password,
    will: { topic: options.will.topic, payload: options.will.payload, qos: 1, retain: true },
    clean: true,
    keepalive: KEEPALIVE_S,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    protocolId: "MQTT",
    protocolVersion: 4,
    resubscribe: false,
    queueQoSZero: false,
    timerVariant: "native",
    // Its table of all 65,536 packet ids, made beforehand, costs 9 MB and saves microseconds.
    writeCache: false,
  });
  let lastError: unknown;
  const closed = new Promise<string>((resolve) => {
    client.on("error", (error) => {
      lastError = error;
    });
    client.on("close", () => {
      // Publishes that wait for an acknowledgement are failed by a forced end; they would wait for ever otherwise.
      client.end(true);
      resolve(lastError === undefined ? "the connection was closed" : messageOf(lastError));
    });
  });
  client.on("message", (topic, payload) => options.message(topic, Buffer.from(payload)));
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    void closed.then((reason) => {
      const refused = REFUSED.has((lastError as { code?: unknown } | undefined)?.code);
      reject(
        refused
          ? new BarnacleError("NOT_PAIRED", `the broker at ${where} refused this device's proof`)
          : new BarnacleError("HUB_UNREACHABLE", `broker at ${where}: ${reason}`, { cause: lastError }),
      );
    });
  });
  return {
    closed,
    publish: (topic, payload, { qos, retain }) =>
      inTime("the broker did not acknowledge a message", async () => {
        if (!client.connected) throw new BarnacleError("HUB_UNREACHABLE", "the hub is not connected");
        try {
          await client.publishAsync(topic, payload, { qos, retain });
        } catch (error) {
          throw new BarnacleError("HUB_UNREACHABLE", `message not delivered: ${messageOf(error)}`, { cause: error });
        }
      }),
    subscribe: (filters) =>
      inTime("the broker did not answer a subscription", async () => {
        const granted = await client.subscribeAsync([...filters], { qos: 1 });
        const refused = granted.find((grant) => (grant.qos as number) > 2);
        if (refused) throw new BarnacleError("FORBIDDEN", `the broker refused the subscription ${refused.topic}`);
      }),
    end: async () => {
      if (client.connected) await client.endAsync(false).catch(() => client.end(true));
      else client.end(true);
    },
  };
};

async function secureBroker({ host, port, site, authority }: SessionOptions): Promise<Socket> {
  const trust = authority === undefined ? {} : { authority };
  const { socket } = await secureSocket({ host, port, trust, name: siteName(site), timeoutMs: CONNECT_TIMEOUT_MS });
  return socket;
}

async function inTime(what: string, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new BarnacleError("TIMEOUT", `${what} within ${ACKNOWLEDGE_TIMEOUT_MS} ms`)),
      ACKNOWLEDGE_TIMEOUT_MS,
    );
    timer.unref();
  });
  try {
    await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
