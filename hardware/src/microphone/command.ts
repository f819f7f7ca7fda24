import { spawn } from "node:child_process";
import { BarnacleError, messageOf, systemCode } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { Samples } from "../audio/index.ts";
import type { Availability } from "../availability.ts";
import { findProgram } from "../programs.ts";
import type { Capture, CaptureEvents, CaptureSource } from "./supervised.ts";

const STDERR_KEPT = 2000;
const KILL_AFTER_MS = 2000;

/** Any program that writes raw samples (16 kHz, mono, signed 16 bit, little endian) to its standard output. */
export class CommandSource implements CaptureSource {
  readonly name: string;
  readonly #argv: readonly string[];
  readonly #clock: Clock;

  /** @param argv program and arguments; no shell sees them */
  constructor(name: string, argv: readonly string[], clock: Clock) {
    this.name = name;
    this.#argv = argv;
    this.#clock = clock;
  }

  async availability(): Promise<Availability> {
    const program = this.#argv[0] ?? "";
    const file = findProgram(program);
    if (file !== undefined) return { available: true, detail: file };
    return {
      available: false,
      code: "LIBRARY_MISSING",
      reason: `program "${program}" is not on the PATH`,
      hint: "Debian: parec is in pulseaudio-utils, arecord in alsa-utils.",
    };
  }

  async open(events: CaptureEvents): Promise<Capture> {
    const [program, ...args] = this.#argv;
    if (!program) throw new BarnacleError("CONFIG_INVALID", `microphone ${this.name} has an empty command`);
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const bytes = new SampleBytes();
    let complaint = "";
    let told = false;
    const lose = (reason: string): void => {
      if (told) return;
      told = true;
      events.lost(reason);
    };
    child.stdout.on("data", (chunk: Buffer) => {
      const samples = bytes.push(chunk);
      if (samples.length > 0) events.frame(samples);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString("utf8")).slice(-STDERR_KEPT);
    });
    const ended = new Promise<void>((resolve) => {
      child.once("error", (error) => {
        lose(systemCode(error) === "ENOENT" ? `${program} is not installed` : `${program}: ${messageOf(error)}`);
        resolve();
      });
      // "close" comes after the pipes are drained, so the last line of standard error is there.
      child.once("close", (code, signal) => {
        const last = complaint.trim().split("\n").at(-1) ?? "";
        const how = signal ? `ended by ${signal}` : `exit ${code}`;
        lose(last === "" ? `${program}: ${how}` : `${program}: ${last} (${how})`);
        resolve();
      });
    });
    return {
      close: async () => {
        told = true;
        child.kill("SIGTERM");
        const cancel = this.#clock.after(KILL_AFTER_MS, () => child.kill("SIGKILL"));
        await ended;
        cancel();
      },
    };
  }
}

/** Joins chunks of bytes into samples; a sample may be cut between two chunks. */
export class SampleBytes {
  #odd: number | undefined;

  push(chunk: Buffer): Samples {
    const carried = this.#odd === undefined ? 0 : 1;
    const total = chunk.length + carried;
    const samples = new Int16Array(total >> 1);
    const bytes = new Uint8Array(total);
    if (this.#odd !== undefined) bytes[0] = this.#odd;
    bytes.set(chunk, carried);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(i * 2, true);
    this.#odd = total % 2 === 1 ? bytes[total - 1] : undefined;
    return samples;
  }
}
