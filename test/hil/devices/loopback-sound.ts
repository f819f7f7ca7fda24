import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * The kernel's loopback card: what is played on one of its two devices is recorded from the other. The agent has device
 * 0, which is the system's default too; the room is device 1.
 */
export const MICROPHONE = "plughw:Loopback,0,0";
export const LOUDSPEAKER = "plughw:Loopback,0,0";
const ROOM = "plughw:Loopback,1,0";

/** Speaks a WAV file into the agent's microphone; resolves at its end. */
export async function speak(file: string): Promise<void> {
  await finished("aplay", ["-q", "-D", ROOM, file]);
}

/** Records what the agent plays to LOUDSPEAKER, as 16 kHz mono, until it is told to end; `limitS` at most. */
export function hear(file: string, limitS: number): { end(): Promise<void> } {
  const args = ["-q", "-D", ROOM, "-f", "S16_LE", "-r", "16000", "-c", "1", "-t", "wav", "-d", String(limitS), file];
  const child = spawn("arecord", args, { stdio: ["ignore", "ignore", "inherit"] });
  const closed = once(child, "close");
  return {
    async end() {
      // It writes the header's sizes when it is asked to end.
      child.kill("SIGTERM");
      await closed;
    },
  };
}

export function loudest(samples: Int16Array): number {
  return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}

async function finished(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: exit ${code} ${complaint}`);
}
