import { type DeviceIdentity, mqttPassword, pairingProofText, signText } from "@barnacle/protocol/identity";
import { PAIR_CHALLENGE_PATH, PAIR_PATH, type PairChallenge } from "@barnacle/protocol/pairing";
import mqtt, { type MqttClient } from "mqtt";

/** A device on nothing but `fetch` and the `mqtt` package: it can do wrong what the node agent never would. */
export interface RawDevice {
  readonly client: MqttClient;
  readonly closed: Promise<void>;
}

const post = async (url: string, body: object): Promise<Record<string, unknown>> => {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
};

const challenge = (hub: string, deviceId: string): Promise<PairChallenge> =>
  post(`${hub}${PAIR_CHALLENGE_PATH}`, { deviceId }) as unknown as Promise<PairChallenge>;

export async function hubSite(hub: string): Promise<string> {
  return (await challenge(hub, "0".repeat(64))).site;
}

/** Asks to be paired with a setup code, once; resolves with the hub's answer, whatever it is. */
export async function pairOverHttp(
  hub: string,
  identity: DeviceIdentity,
  setupCode: string,
): Promise<Record<string, unknown>> {
  const { deviceId, publicKey } = identity;
  const { nonce, site } = await challenge(hub, deviceId);
  const signature = signText(identity, pairingProofText(site, deviceId, nonce, setupCode));
  return post(`${hub}${PAIR_PATH}`, {
    device: { id: deviceId, publicKey, nonce, signature },
    ...{ name: "Raw device", platform: "linux", agentVersion: "0", capabilities: [], commands: [] },
    setupCode,
  });
}

/** Connects as a paired device does. */
export async function connectDevice(
  t: { teardown(fn: () => unknown): void },
  port: number,
  identity: DeviceIdentity,
  site: string,
  incarnation: number,
): Promise<RawDevice> {
  const client = dial(port, identity, site, incarnation);
  t.teardown(() => client.end(true));
  const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
  });
  return { client, closed };
}

/** The CONNACK code that a device gets which is not to be admitted; 0 when it was. */
export async function refusedWith(
  port: number,
  identity: DeviceIdentity,
  site: string,
  token?: string,
): Promise<number> {
  const client = dial(port, identity, site, Date.now(), token);
  try {
    return await new Promise<number>((resolve) => {
      client.once("connect", () => resolve(0));
      client.once("error", (error) => resolve(Number(Reflect.get(error, "code"))));
    });
  } finally {
    client.end(true);
  }
}

function dial(port: number, identity: DeviceIdentity, site: string, incarnation: number, token?: string): MqttClient {
  return mqtt.connect(`mqtt://127.0.0.1:${port}`, {
    clientId: identity.deviceId,
    username: identity.deviceId,
    password: mqttPassword(identity, site, incarnation, token),
    reconnectPeriod: 0,
  });
}
