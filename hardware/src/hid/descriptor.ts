/** One field of a report, as the device's own descriptor has it. */
export interface HidField {
  readonly kind: "input" | "output" | "feature";
  /** 0: reports are not numbered. */
  readonly report: number;
  /** Position of the first element, in bits behind the report id. */
  readonly bit: number;
  /** Bits of one element. */
  readonly size: number;
  readonly count: number;
  /** An array holds the numbers of the usages that are on; else each usage has an element of its own. */
  readonly array: boolean;
  readonly logicalMinimum: number;
  /** 32 bits each, the page in the upper half; for an array the first is the one that `logicalMinimum` stands for. */
  readonly usages: readonly number[];
}

interface Globals {
  page: number;
  logicalMinimum: number;
  size: number;
  count: number;
  report: number;
}

const MOST_USAGES = 4096;
const KINDS = { 8: "input", 9: "output", 11: "feature" } as const;

/**
 * Reads a HID report descriptor (USB HID 1.11, section 6.2.2). What is cut off or makes no sense ends the reading; the
 * fields before it count.
 */
export function parseDescriptor(bytes: Uint8Array): { fields: HidField[]; collections: number[] } {
  const fields: HidField[] = [];
  const collections: number[] = [];
  const ends = new Map<string, number>();
  const stack: Globals[] = [];
  let globals: Globals = { page: 0, logicalMinimum: 0, size: 0, count: 0, report: 0 };
  let usages: number[] = [];
  let minimum: number | undefined;
  let depth = 0;
  for (const { type, tag, unsigned, signed, length } of items(bytes)) {
    if (type === 1) {
      if (tag === 0) globals.page = unsigned;
      else if (tag === 1) globals.logicalMinimum = signed;
      else if (tag === 7) globals.size = unsigned;
      else if (tag === 8) globals.report = unsigned;
      else if (tag === 9) globals.count = unsigned;
      else if (tag === 10) stack.push({ ...globals });
      else if (tag === 11) globals = stack.pop() ?? globals;
      continue;
    }
    if (type === 2) {
      const usage = length === 4 ? unsigned : globals.page * 0x10000 + unsigned;
      if (tag === 0) usages.push(usage);
      else if (tag === 1) minimum = usage;
      else if (tag === 2 && minimum !== undefined) {
        for (let next = minimum; next <= usage && usages.length < MOST_USAGES; next++) usages.push(next);
        minimum = undefined;
      }
      continue;
    }
    const kind = KINDS[tag as keyof typeof KINDS];
    if (kind) {
      const { report, size, count, logicalMinimum } = globals;
      const key = `${kind} ${report}`;
      const bit = ends.get(key) ?? 0;
      ends.set(key, bit + size * count);
      const constant = (unsigned & 1) !== 0;
      if (!constant)
        fields.push({ kind, report, bit, size, count, array: (unsigned & 2) === 0, logicalMinimum, usages });
    } else if (tag === 10) {
      if (depth === 0 && usages[0] !== undefined) collections.push(usages[0]);
      depth += 1;
    } else if (tag === 12) depth -= 1;
    usages = [];
    minimum = undefined;
  }
  return { fields, collections };
}

function* items(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; ) {
    const head = bytes[at] as number;
    if (head === 0xfe) {
      // A long item; none is defined.
      at += 3 + (bytes[at + 1] ?? 0);
      continue;
    }
    const length = [0, 1, 2, 4][head & 3] as number;
    if (at + 1 + length > bytes.length) return;
    let unsigned = 0;
    for (let i = length; i > 0; i--) unsigned = unsigned * 256 + (bytes[at + i] as number);
    const limit = 256 ** length;
    const signed = length > 0 && unsigned >= limit / 2 ? unsigned - limit : unsigned;
    yield { type: (head >> 2) & 3, tag: head >> 4, unsigned, signed, length };
    at += 1 + length;
  }
}

/** The first input or output field that has this usage. */
export function fieldOf(fields: readonly HidField[], kind: HidField["kind"], usage: number): HidField | undefined {
  return fields.find((field) => field.kind === kind && field.usages.includes(usage));
}

/** Where the usage's own element stands; undefined for an array. */
export function bitOf(field: HidField, usage: number): number | undefined {
  if (field.array) return undefined;
  const index = field.usages.indexOf(usage);
  return index < 0 || index >= field.count ? undefined : field.bit + index * field.size;
}

/** Is the usage on in this report? `data` is without the report id. */
export function isOn(field: HidField, usage: number, data: Uint8Array): boolean {
  const own = bitOf(field, usage);
  if (own !== undefined) return readBits(data, own, field.size) !== 0;
  for (let i = 0; i < field.count; i++) {
    const value = readBits(data, field.bit + i * field.size, field.size) - field.logicalMinimum;
    if (field.usages[value] === usage) return true;
  }
  return false;
}

/** Bytes of an output report without its id. */
export function reportLength(fields: readonly HidField[], kind: HidField["kind"], report: number): number {
  const ends = fields.filter((f) => f.kind === kind && f.report === report).map((f) => f.bit + f.size * f.count);
  return Math.ceil(Math.max(0, ...ends) / 8);
}

/** Little-endian, as the standard has it; what lies beyond the end is 0. */
function readBits(data: Uint8Array, bit: number, size: number): number {
  let value = 0;
  for (let i = Math.min(size, 32) - 1; i >= 0; i--) {
    const at = bit + i;
    value = value * 2 + (((data[at >> 3] ?? 0) >> (at & 7)) & 1);
  }
  return value;
}
