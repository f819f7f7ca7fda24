import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import { type Chip, offsetByName } from "./chips.ts";
import { errnoOf, type GpioKernel } from "./kernel.ts";
import { labelOf } from "./line-book.ts";
import type { HeldLine } from "./line-driver.ts";
import type { GpioEdge, LineConfig, LineState } from "./port.ts";
import { SoftwarePwm } from "./software-pwm.ts";
import {
  EVENT_BYTES,
  GPIO_IOCTL,
  LINE_FLAG,
  type LineSetup,
  lineInfoBuffer,
  readEvents,
  readLineInfo,
  readValue,
  requestBuffer,
  requestedFd,
  valuesBuffer,
} from "./uapi.ts";

const CONSUMER = "barnacle-node";
/** Edges that the kernel keeps for us. */
const EVENT_BUFFER = 256;
const BIAS_FLAG = {
  "pull-up": LINE_FLAG.biasPullUp,
  "pull-down": LINE_FLAG.biasPullDown,
  off: LINE_FLAG.biasDisabled,
} as const;

export interface LineParts {
  readonly kernel: GpioKernel;
  readonly clock: Clock;
  readonly edge: (edge: GpioEdge) => void;
  /** The line is gone, with its chip. */
  readonly lost: () => void;
}

/** One line of a chip: requested by itself, so that one that is busy keeps none of the others. */
export class ChardevLine implements HeldLine {
  readonly config: LineConfig;
  readonly #parts: LineParts;
  readonly #pwm: SoftwarePwm;
  readonly #events = Buffer.alloc(EVENT_BYTES * 64);
  #held: { readonly fd: number; readonly unwatch: () => void } | undefined;
  #offset: number | undefined;
  #reason = "not opened";
  /** The value that this process set last. */
  #last: 0 | 1 | undefined;
  #duty: number | undefined;
  /** Edges before the line was requested anew; the kernel then counts from 1 again. */
  #before = 0;
  #sequence = 0;

  constructor(config: LineConfig, parts: LineParts) {
    this.config = config;
    this.#parts = parts;
    this.#pwm = new SoftwarePwm(parts.clock, (value) => {
      // A line that is lost meanwhile is told by whoever uses it next.
      if (this.#held) this.#attempt(() => this.#setValue(value));
    });
  }

  get held(): boolean {
    return this.#held !== undefined;
  }

  get offset(): number | undefined {
    return typeof this.config.line === "number" ? this.config.line : this.#offset;
  }

  get last(): 0 | 1 | undefined {
    return this.#last;
  }

  get state(): LineState {
    const { line, name, chip, direction } = this.config;
    const value = this.held ? this.#peek() : undefined;
    return {
      line: this.offset ?? line,
      ...(typeof line === "string" ? { kernelName: line } : {}),
      ...(name === undefined ? {} : { name }),
      ...(chip === undefined ? {} : { chip }),
      direction,
      ...(value === undefined ? { unavailable: this.#reason } : { value }),
      ...(this.#duty === undefined ? {} : { duty: this.#duty }),
    };
  }

  /** Why it cannot be had. */
  refuse(reason: string): void {
    this.#reason = reason;
  }

  /** Takes the line of an opened chip; an output gets `start`, or goes on as it is. What fails is the line's reason. */
  request(chip: Chip, fd: number, start: () => 0 | 1 | undefined): void {
    const { kernel } = this.#parts;
    const { line } = this.config;
    try {
      this.#offset = typeof line === "number" ? line : offsetByName(kernel, fd, chip, line);
      if (this.#offset >= chip.lines) {
        this.#reason = `${chip.label} has the lines 0 to ${chip.lines - 1}`;
        return;
      }
      const asked = requestBuffer(this.#offset, CONSUMER, this.#setup(kernel, fd, this.#offset, start), EVENT_BUFFER);
      kernel.ioctl(fd, GPIO_IOCTL.request, asked);
      const held = requestedFd(asked);
      const unwatch = this.config.direction === "in" ? kernel.watch(held, () => this.#drain()) : () => {};
      this.#held = { fd: held, unwatch };
      this.#duty = undefined;
      this.#before = this.#sequence;
      if (this.config.direction === "out") this.#last = this.#peek() ?? this.#last;
    } catch (error) {
      this.#reason = this.#explain(error, fd);
    }
  }

  read(): 0 | 1 {
    if (this.#duty !== undefined) return this.#duty > 0 ? 1 : 0;
    return this.#use(() => this.#getValue());
  }

  write(value: 0 | 1): void {
    this.#pwm.stop();
    this.#duty = undefined;
    this.#use(() => this.#setValue(value));
    this.#last = value;
  }

  pulse(duty: number): void {
    this.#pwm.stop();
    this.#use(() => this.#setValue(duty > 0 ? 1 : 0));
    this.#duty = duty;
    this.#last = duty > 0 ? 1 : 0;
    if (duty > 0 && duty < 1) this.#pwm.start(duty);
  }

  /** Looks whether the line is still there. */
  check(): void {
    if (this.held) this.#attempt(() => this.#getValue());
  }

  release(reason: string): void {
    this.#pwm.stop();
    this.#duty = undefined;
    this.#reason = reason;
    const held = this.#held;
    this.#held = undefined;
    if (!held) return;
    held.unwatch();
    this.#parts.kernel.close(held.fd);
  }

  #setup(kernel: GpioKernel, fd: number, offset: number, start: () => 0 | 1 | undefined): LineSetup {
    const { direction, activeLow, bias, debounceMs } = this.config;
    const common = (activeLow ? LINE_FLAG.activeLow : 0) | (bias === undefined ? 0 : BIAS_FLAG[bias]);
    if (direction === "in") {
      const flags = common | LINE_FLAG.input | LINE_FLAG.edgeRising | LINE_FLAG.edgeFalling;
      return { flags, ...(debounceMs ? { debounceUs: Math.round(debounceMs * 1000) } : {}) };
    }
    return { flags: common | LINE_FLAG.output, value: start() ?? this.#present(kernel, fd, offset) };
  }

  /** What an output stands at before it is ours, read without driving it; a pin that is none yet counts as off. */
  #present(kernel: GpioKernel, fd: number, offset: number): 0 | 1 {
    const info = lineInfoBuffer(offset);
    kernel.ioctl(fd, GPIO_IOCTL.lineInfo, info);
    if ((readLineInfo(info).flags & LINE_FLAG.output) === 0) return 0;
    const flags = this.config.activeLow ? LINE_FLAG.activeLow : 0;
    const asked = requestBuffer(offset, CONSUMER, { flags }, 0);
    kernel.ioctl(fd, GPIO_IOCTL.request, asked);
    const held = requestedFd(asked);
    try {
      const values = valuesBuffer();
      kernel.ioctl(held, GPIO_IOCTL.getValues, values);
      return readValue(values);
    } finally {
      kernel.close(held);
    }
  }

  #drain(): void {
    const { kernel, clock, edge } = this.#parts;
    this.#attempt((fd) => {
      const length = kernel.read(fd, this.#events);
      for (const event of readEvents(this.#events, length)) {
        const sequence = this.#before + event.sequence;
        const lost = Math.max(0, sequence - this.#sequence - 1);
        this.#sequence = sequence;
        const agoMs = Number(kernel.monotonicNs() - event.timeNs) / 1e6;
        const { name, chip } = this.config;
        edge({
          line: this.offset ?? this.config.line,
          ...(name === undefined ? {} : { name }),
          ...(chip === undefined ? {} : { chip }),
          value: event.rising ? 1 : 0,
          at: Math.floor(clock.now() - Math.max(0, agoMs)),
          kernelNs: event.timeNs.toString(),
          sequence,
          lost,
        });
      }
    });
  }

  #use<T>(work: (fd: number) => T): T {
    if (!this.#held) throw this.#unavailable();
    const done = this.#attempt(work);
    if (done) return done.value;
    throw this.#unavailable();
  }

  /** Undefined when the line turned out to be gone; then `lost` was told. */
  #attempt<T>(work: (fd: number) => T): { readonly value: T } | undefined {
    const held = this.#held;
    if (!held) return undefined;
    try {
      return { value: work(held.fd) };
    } catch (error) {
      this.release(errnoOf(error) === "ENODEV" ? "its chip is gone" : messageOf(error));
      this.#parts.lost();
      return undefined;
    }
  }

  #peek(): 0 | 1 | undefined {
    if (this.#duty !== undefined) return this.#duty > 0 ? 1 : 0;
    return this.#attempt(() => this.#getValue())?.value;
  }

  #getValue(): 0 | 1 {
    const values = valuesBuffer();
    this.#parts.kernel.ioctl(this.#held?.fd ?? -1, GPIO_IOCTL.getValues, values);
    return readValue(values);
  }

  #setValue(value: 0 | 1): void {
    this.#parts.kernel.ioctl(this.#held?.fd ?? -1, GPIO_IOCTL.setValues, valuesBuffer(value));
  }

  #unavailable(): BarnacleError {
    return new BarnacleError("HARDWARE_UNAVAILABLE", `GPIO line ${labelOf(this.config)}: ${this.#reason}`);
  }

  #explain(error: unknown, fd: number): string {
    if (errnoOf(error) !== "EBUSY" || this.#offset === undefined) return messageOf(error);
    const info = lineInfoBuffer(this.#offset);
    try {
      this.#parts.kernel.ioctl(fd, GPIO_IOCTL.lineInfo, info);
    } catch {
      return "used by another program";
    }
    return `used by ${readLineInfo(info).consumer || "another program"}`;
  }
}
