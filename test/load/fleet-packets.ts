/** MQTT 3.1.1 as far as a simulated node needs it, on bare bytes: ten thousand real client objects would not fit beside the hub. */

export interface Connect {
  readonly clientId: string;
  readonly password: string;
  readonly keepaliveS: number;
  readonly will: { readonly topic: string; readonly payload: Buffer };
}

export const PACKET = { connack: 2, publish: 3, puback: 4, suback: 9 } as const;

export function connectPacket({ clientId, password, keepaliveS, will }: Connect): Buffer {
  // Clean session, will with QoS 1 and retained, user name, password.
  const flags = 0x02 | 0x04 | 0x08 | 0x20 | 0x40 | 0x80;
  const head = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, flags, keepaliveS >> 8, keepaliveS & 0xff]);
  const texts = [clientId, will.topic, will.payload, clientId, password].map((one) => field(Buffer.from(one)));
  return packet(0x10, Buffer.concat([head, ...texts]));
}

export function subscribePacket(id: number, filters: readonly string[]): Buffer {
  const wanted = filters.flatMap((filter) => [field(Buffer.from(filter)), Buffer.from([1])]);
  return packet(0x82, Buffer.concat([number(id), ...wanted]));
}

/** `id` makes it QoS 1. */
export function publishPacket(topic: string, payload: Buffer, id: number | undefined, retain: boolean): Buffer {
  const first = 0x30 | (id === undefined ? 0 : 2) | (retain ? 1 : 0);
  const parts = [field(Buffer.from(topic)), ...(id === undefined ? [] : [number(id)]), payload];
  return packet(first, Buffer.concat(parts));
}

export function pubackPacket(id: number): Buffer {
  return packet(0x40, number(id));
}

/** Cuts a byte stream into packets. `take` gets the first byte and the beginning of the body, as far as it is needed. */
export class Packets {
  #rest: Buffer | undefined;
  readonly #take: (first: number, body: Buffer) => void;

  constructor(take: (first: number, body: Buffer) => void) {
    this.#take = take;
  }

  push(chunk: Buffer): void {
    let data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = undefined;
    for (;;) {
      const size = lengthOf(data);
      if (!size || data.length < size.head + size.body) break;
      this.#take(data[0] as number, data.subarray(size.head, size.head + size.body));
      data = data.subarray(size.head + size.body);
    }
    // A copy: the chunk that it was cut from would otherwise be kept as long as this rest.
    if (data.length > 0) this.#rest = Buffer.from(data);
  }
}

/** Packet id of a QoS 1 PUBLISH from a broker. */
export function publishId(body: Buffer): number {
  return body.readUInt16BE(2 + body.readUInt16BE(0));
}

function lengthOf(data: Buffer): { head: number; body: number } | undefined {
  let body = 0;
  for (let at = 1; at < Math.min(5, data.length); at++) {
    const byte = data[at] as number;
    body += (byte & 0x7f) * 128 ** (at - 1);
    if (byte < 0x80) return { head: at + 1, body };
  }
  return undefined;
}

function packet(first: number, body: Buffer): Buffer {
  const head = [first];
  let left = body.length;
  do {
    head.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>= 7;
  } while (left > 0);
  return Buffer.concat([Buffer.from(head), body]);
}

function field(bytes: Buffer): Buffer {
  return Buffer.concat([number(bytes.length), bytes]);
}

function number(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
