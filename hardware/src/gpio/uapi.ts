/**
 * The kernel's GPIO character device, version 2 of its interface (Linux 5.10 and later): the structures of
 * include/uapi/linux/gpio.h as bytes. All boards that Node runs on are little-endian.
 */

/** Requests of `ioctl`; each carries the size of its structure. */
export const GPIO_IOCTL = {
  chipInfo: 0x8044b401,
  lineInfo: 0xc100b405,
  request: 0xc250b407,
  setConfig: 0xc110b40d,
  getValues: 0xc010b40e,
  setValues: 0xc010b40f,
} as const;

export const LINE_FLAG = {
  used: 1 << 0,
  activeLow: 1 << 1,
  input: 1 << 2,
  output: 1 << 3,
  edgeRising: 1 << 4,
  edgeFalling: 1 << 5,
  biasPullUp: 1 << 8,
  biasPullDown: 1 << 9,
  biasDisabled: 1 << 10,
} as const;

const CHIP_INFO_BYTES = 68;
const LINE_INFO_BYTES = 256;
const REQUEST_BYTES = 592;
const CONFIG_BYTES = 272;
const CONFIG_OFFSET = 288;
const ATTRIBUTE_BYTES = 24;
const ATTRIBUTE_VALUES = 2;
const ATTRIBUTE_DEBOUNCE = 3;
const RISING = 1;
const NAME_BYTES = 32;
export const EVENT_BYTES = 48;

/** How one line is requested, or set up anew. */
export interface LineSetup {
  /** Bits of `LINE_FLAG`. */
  readonly flags: number;
  /** Output: its logical value. */
  readonly value?: 0 | 1;
  readonly debounceUs?: number;
}

export interface ChipInfo {
  readonly name: string;
  readonly label: string;
  readonly lines: number;
}

export interface LineInfo {
  readonly name: string;
  /** Who holds it; empty: nobody. */
  readonly consumer: string;
  readonly flags: number;
}

export interface LineEvent {
  readonly timeNs: bigint;
  readonly rising: boolean;
  /** Of this line, from 1. */
  readonly sequence: number;
}

export function chipInfoBuffer(): Buffer {
  return Buffer.alloc(CHIP_INFO_BYTES);
}

export function readChipInfo(bytes: Buffer): ChipInfo {
  return { name: text(bytes, 0), label: text(bytes, NAME_BYTES), lines: bytes.readUInt32LE(64) };
}

export function lineInfoBuffer(offset: number): Buffer {
  const bytes = Buffer.alloc(LINE_INFO_BYTES);
  bytes.writeUInt32LE(offset, 64);
  return bytes;
}

export function readLineInfo(bytes: Buffer): LineInfo {
  return { name: text(bytes, 0), consumer: text(bytes, NAME_BYTES), flags: Number(bytes.readBigUInt64LE(72)) };
}

/** A request for one line. The kernel keeps `events` edges that nobody has read yet. */
export function requestBuffer(offset: number, consumer: string, setup: LineSetup, events: number): Buffer {
  const bytes = Buffer.alloc(REQUEST_BYTES);
  bytes.writeUInt32LE(offset, 0);
  bytes.write(consumer.slice(0, NAME_BYTES - 1), 256, "latin1");
  configBuffer(setup).copy(bytes, CONFIG_OFFSET);
  bytes.writeUInt32LE(1, 560);
  bytes.writeUInt32LE(events, 564);
  return bytes;
}

/** The descriptor that a granted request came back with. */
export function requestedFd(bytes: Buffer): number {
  return bytes.readInt32LE(588);
}

export function configBuffer({ flags, value, debounceUs }: LineSetup): Buffer {
  const bytes = Buffer.alloc(CONFIG_BYTES);
  bytes.writeBigUInt64LE(BigInt(flags), 0);
  const attributes: [id: number, content: number][] = [];
  if (value !== undefined) attributes.push([ATTRIBUTE_VALUES, value]);
  if (debounceUs !== undefined) attributes.push([ATTRIBUTE_DEBOUNCE, debounceUs]);
  bytes.writeUInt32LE(attributes.length, 8);
  for (const [i, [id, content]] of attributes.entries()) {
    const at = 32 + i * ATTRIBUTE_BYTES;
    bytes.writeUInt32LE(id, at);
    bytes.writeBigUInt64LE(BigInt(content), at + 8);
    bytes.writeBigUInt64LE(1n, at + 16);
  }
  return bytes;
}

/** For getting and setting the one line of a request: bits, then the mask of lines that are meant. */
export function valuesBuffer(value: 0 | 1 = 0): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(value), 0);
  bytes.writeBigUInt64LE(1n, 8);
  return bytes;
}

export function readValue(bytes: Buffer): 0 | 1 {
  return (bytes[0] ?? 0) & 1 ? 1 : 0;
}

/** The events in the first `length` bytes, oldest first. */
export function readEvents(bytes: Buffer, length: number): LineEvent[] {
  const events: LineEvent[] = [];
  for (let at = 0; at + EVENT_BYTES <= length; at += EVENT_BYTES) {
    events.push({
      timeNs: bytes.readBigUInt64LE(at),
      rising: bytes.readUInt32LE(at + 8) === RISING,
      sequence: bytes.readUInt32LE(at + 20),
    });
  }
  return events;
}

function text(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString("latin1", at, end < 0 || end > at + NAME_BYTES ? at + NAME_BYTES : end);
}
