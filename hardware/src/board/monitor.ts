import { statfs } from "node:fs/promises";
import { arch } from "node:os";
import type { BoardTelemetry, Inventory } from "@barnacle/protocol/schema";
import { type CpuTimes, countCores, parseCpuTimes, usedPercent } from "./cpu.ts";
import { KernelFiles } from "./files.ts";
import { bootId, readInventory } from "./inventory.ts";
import { readLink } from "./link.ts";
import type { BoardMonitor } from "./port.ts";
import { readBattery, readSound } from "./power.ts";
import { parseThrottled } from "./throttled.ts";

export interface BoardOptions {
  /** Stands for `/` in front of every kernel file. */
  readonly root?: string;
  /** A path on the file system whose free space matters; the state directory. */
  readonly diskPath?: string;
  /** Resident memory of this process in bytes. */
  readonly rss?: () => number;
}

const THROTTLED_FILES = [
  "sys/devices/platform/soc/soc:firmware/get_throttled",
  // The Pi 5 has its firmware one bus further.
  "sys/devices/platform/axi/axi:firmware/get_throttled",
];
const MODEL_FILE = "proc/device-tree/model";

/** Reads the board's health from the kernel's files: a handful of reads, well under a millisecond, no process. */
export class LinuxBoard implements BoardMonitor {
  readonly #files: KernelFiles;
  readonly #root: string | undefined;
  readonly #diskPath: string;
  readonly #rss: () => number;
  #before: CpuTimes | undefined;

  constructor(options: BoardOptions = {}) {
    this.#files = new KernelFiles(options.root);
    this.#root = options.root;
    this.#diskPath = options.diskPath ?? options.root ?? "/";
    this.#rss = options.rss ?? (() => process.memoryUsage.rss());
  }

  async sample(): Promise<BoardTelemetry> {
    const [uptimeS, cpu, temperatureC, throttled, memory, disk, link, battery, sound] = await Promise.all([
      this.#uptime(),
      this.#cpu(),
      this.#temperature(),
      this.#throttled(),
      this.#memory(),
      this.#disk(),
      readLink(this.#files),
      readBattery(this.#files),
      readSound(this.#files),
    ]);
    return dropUndefined({ uptimeS, cpu, temperatureC, throttled, memory, disk, link, battery, sound });
  }

  async model(): Promise<string> {
    const model = (await this.#files.text(MODEL_FILE))?.replaceAll("\0", "").trim();
    if (model) return model;
    const product = (await this.#files.text("sys/class/dmi/id/product_name"))?.trim();
    const machine = arch() === "x64" ? "x86_64" : arch();
    return product ? `${product} (${machine})` : machine;
  }

  boot(): Promise<string | undefined> {
    return bootId(this.#root);
  }

  inventory(): Promise<Inventory> {
    return readInventory();
  }

  async #uptime(): Promise<number | undefined> {
    const seconds = Number.parseFloat((await this.#files.text("proc/uptime")) ?? "");
    return Number.isFinite(seconds) ? seconds : undefined;
  }

  /** The share needs two readings; the first sample has none. */
  async #cpu(): Promise<BoardTelemetry["cpu"]> {
    const [stat, loadavg] = await Promise.all([this.#files.text("proc/stat"), this.#files.text("proc/loadavg")]);
    const load = Number.parseFloat(loadavg ?? "");
    const times = stat === undefined ? undefined : parseCpuTimes(stat);
    const share = this.#before && times ? usedPercent(this.#before, times) : undefined;
    this.#before = times ?? this.#before;
    const cpu = dropUndefined({
      usedPercent: share,
      load1: Number.isFinite(load) ? load : undefined,
      cores: stat === undefined ? undefined : countCores(stat),
    });
    return Object.keys(cpu).length > 0 ? cpu : undefined;
  }

  /** The processor's zone by its name, or else the first one. Thousandths of a degree. */
  async #temperature(): Promise<number | undefined> {
    const zones = (await this.#files.list("sys/class/thermal")).filter((name) => name.startsWith("thermal_zone"));
    let chosen = zones[0];
    for (const zone of zones) {
      const type = (await this.#files.text(`sys/class/thermal/${zone}/type`))?.trim() ?? "";
      if (/cpu|x86_pkg_temp/i.test(type)) {
        chosen = zone;
        break;
      }
    }
    if (chosen === undefined) return undefined;
    const milli = await this.#files.number(`sys/class/thermal/${chosen}/temp`);
    return milli === undefined ? undefined : Math.round(milli / 100) / 10;
  }

  async #throttled(): Promise<BoardTelemetry["throttled"]> {
    for (const file of THROTTLED_FILES) {
      const text = await this.#files.text(file);
      if (text !== undefined) return parseThrottled(text);
    }
    return undefined;
  }

  async #memory(): Promise<BoardTelemetry["memory"]> {
    const meminfo = (await this.#files.text("proc/meminfo")) ?? "";
    const bytes = (key: string): number | undefined => {
      const kilo = new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1];
      return kilo === undefined ? undefined : Number(kilo) * 1024;
    };
    const totalBytes = bytes("MemTotal");
    const availableBytes = bytes("MemAvailable");
    if (totalBytes === undefined || availableBytes === undefined) return undefined;
    return { totalBytes, availableBytes, agentRssBytes: this.#rss() };
  }

  async #disk(): Promise<BoardTelemetry["disk"]> {
    try {
      const { blocks, bavail, bsize } = await statfs(this.#diskPath);
      return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
    } catch {
      // The path may not exist yet; an absent reading says so.
      return undefined;
    }
  }
}

/** Telemetry leaves out what is unknown; its schema has no undefined. */
function dropUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}
