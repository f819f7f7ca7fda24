import { BarnacleError } from "@barnacle/protocol/errors";
import type { GpioKernel } from "../kernel.ts";
import { EVENT_BYTES, GPIO_IOCTL, LINE_FLAG } from "../uapi.ts";

const WAITING = 16;

interface FakeLine {
  readonly name: string;
  /** The voltage, as the world drives it or the process does. */
  level: 0 | 1;
  consumer: string;
  flags: number;
  debounceUs: number;
  holder: number | undefined;
}

interface Held {
  readonly chip: FakeChip;
  readonly line: FakeLine;
  readonly offset: number;
  readonly events: Buffer[];
  sequence: number;
  ready: (() => void) | undefined;
}

interface FakeChip {
  readonly label: string;
  readonly lines: FakeLine[];
  here: boolean;
}

/** The character device in memory, byte by byte, as far as the driver uses it. For tests. */
export class FakeKernel implements GpioKernel {
  readonly #chips: { readonly file: string; readonly chip: FakeChip; readonly refusal: string | undefined }[] = [];
  readonly #open = new Map<number, FakeChip | Held>();
  #fds = 100;
  timeNs = 5_000_000n;

  /** @param names kernel names of lines by offset @param refusal errno that opening it ends with */
  add(label: string, count: number, names: Readonly<Record<number, string>> = {}, refusal?: string): void {
    const lines = Array.from({ length: count }, (_, i): FakeLine => {
      return { name: names[i] ?? "", level: 0, consumer: "", flags: 0, debounceUs: 0, holder: undefined };
    });
    this.#chips.push({ file: `/dev/gpiochip${this.#chips.length}`, chip: { label, lines, here: true }, refusal });
  }

  get descriptors(): number {
    return this.#open.size;
  }

  line(label: string, offset: number): FakeLine {
    const found = this.#chips.find(({ chip }) => chip.label === label)?.chip.lines[offset];
    if (found) return found;
    throw new BarnacleError("INTERNAL", `no line ${offset} of ${label}`);
  }

  /** The chip is taken out, and put back with lines that nobody holds. */
  plug(label: string, here: boolean): void {
    for (const { chip } of this.#chips) {
      if (chip.label !== label) continue;
      chip.here = here;
      for (const line of chip.lines) Object.assign(line, { consumer: "", holder: undefined, flags: 0 });
    }
  }

  /** Another program takes a line, or gives it back. */
  occupy(label: string, offset: number, consumer: string): void {
    this.line(label, offset).consumer = consumer;
  }

  /** The world drives a line; what the kernel cannot keep it drops, oldest first. */
  drive(label: string, offset: number, level: 0 | 1): void {
    const line = this.line(label, offset);
    if (line.level === level) return;
    line.level = level;
    const held = line.holder === undefined ? undefined : (this.#open.get(line.holder) as Held | undefined);
    if (!held || (line.flags & LINE_FLAG.edgeRising) === 0) return;
    held.sequence += 1;
    const bytes = Buffer.alloc(EVENT_BYTES);
    bytes.writeBigUInt64LE(this.timeNs, 0);
    bytes.writeUInt32LE(logical(line) === 1 ? 1 : 2, 8);
    bytes.writeUInt32LE(held.offset, 12);
    bytes.writeUInt32LE(held.sequence, 16);
    bytes.writeUInt32LE(held.sequence, 20);
    held.events.push(bytes);
    if (held.events.length > WAITING) held.events.shift();
  }

  /** Wakes whoever waits for edges, as the event loop would. */
  deliver(): void {
    for (const held of [...this.#open.values()]) if ("events" in held && held.events.length > 0) held.ready?.();
  }

  chips(): readonly string[] {
    return this.#chips.filter(({ chip }) => chip.here).map(({ file }) => file);
  }

  open(file: string): number {
    const found = this.#chips.find((known) => known.file === file && known.chip.here);
    if (!found || found.refusal) throw failure(found?.refusal ?? "ENOENT");
    return this.#take(found.chip);
  }

  close(fd: number): void {
    const held = this.#open.get(fd);
    if (!this.#open.delete(fd)) throw failure("EBADF");
    if (held && "events" in held && held.line.holder === fd)
      Object.assign(held.line, { consumer: "", holder: undefined });
  }

  ioctl(fd: number, request: number, bytes: Buffer): void {
    const target = this.#open.get(fd);
    if (!target) throw failure("EBADF");
    if (!("here" in target ? target.here : target.chip.here)) throw failure("ENODEV");
    if ("here" in target) this.#onChip(target, request, bytes);
    else onLine(target, request, bytes);
  }

  read(fd: number, into: Buffer): number {
    const held = this.#open.get(fd) as Held;
    if (!held.chip.here) throw failure("ENODEV");
    const taken = held.events.splice(0, Math.floor(into.length / EVENT_BYTES));
    return Buffer.concat(taken).copy(into);
  }

  watch(fd: number, ready: () => void): () => void {
    const held = this.#open.get(fd) as Held;
    held.ready = ready;
    return () => {
      held.ready = undefined;
    };
  }

  watchPriority(): never {
    throw failure("ENOSYS");
  }

  monotonicNs(): bigint {
    return this.timeNs;
  }

  #take(what: FakeChip | Held): number {
    const fd = this.#fds++;
    this.#open.set(fd, what);
    return fd;
  }

  #onChip(chip: FakeChip, request: number, bytes: Buffer): void {
    if (request === GPIO_IOCTL.chipInfo) {
      bytes.write(chip.label, 32, "latin1");
      bytes.writeUInt32LE(chip.lines.length, 64);
      return;
    }
    const offset = bytes.readUInt32LE(request === GPIO_IOCTL.lineInfo ? 64 : 0);
    const line = chip.lines[offset];
    if (!line) throw failure("EINVAL");
    if (request === GPIO_IOCTL.lineInfo) {
      bytes.write(line.name, 0, "latin1");
      bytes.write(line.consumer, 32, "latin1");
      bytes.writeBigUInt64LE(BigInt(line.flags | (line.consumer === "" ? 0 : LINE_FLAG.used)), 72);
      return;
    }
    if (line.consumer !== "") throw failure("EBUSY");
    line.consumer = bytes.toString("latin1", 256, bytes.indexOf(0, 256));
    const held: Held = { chip, line, offset, events: [], sequence: 0, ready: undefined };
    line.holder = this.#take(held);
    configure(line, bytes.subarray(288, 560));
    bytes.writeInt32LE(line.holder, 588);
  }
}

function onLine({ line }: Held, request: number, bytes: Buffer): void {
  if (request === GPIO_IOCTL.getValues) bytes.writeBigUInt64LE(BigInt(logical(line)), 0);
  else if (request === GPIO_IOCTL.setValues && line.flags & LINE_FLAG.output) setLogical(line, bytes.readUInt8(0) & 1);
  else throw failure("EPERM");
}

/** Without a direction the line stays as it is. */
function configure(line: FakeLine, bytes: Buffer): void {
  const asked = Number(bytes.readBigUInt64LE(0));
  const directions = LINE_FLAG.input | LINE_FLAG.output;
  line.flags = asked & directions ? asked : (line.flags & directions) | asked;
  line.debounceUs = 0;
  for (let i = 0; i < bytes.readUInt32LE(8); i++) {
    const at = 32 + 24 * i;
    if (bytes.readUInt32LE(at) === 2) setLogical(line, bytes.readUInt8(at + 8) & 1);
    else line.debounceUs = bytes.readUInt32LE(at + 8);
  }
}

function logical(line: FakeLine): 0 | 1 {
  return line.flags & LINE_FLAG.activeLow ? (line.level === 1 ? 0 : 1) : line.level;
}

function setLogical(line: FakeLine, value: number): void {
  line.level = (line.flags & LINE_FLAG.activeLow ? value === 0 : value === 1) ? 1 : 0;
}

function failure(errno: string): BarnacleError {
  return new BarnacleError("HARDWARE_UNAVAILABLE", errno, { details: { errno } });
}
