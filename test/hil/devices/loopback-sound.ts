import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * The kernel's loopback card: what is played on one of its two devices is recorded from the other. The agent records
 * device 0 and plays there too; the room is device 1.
 */
export const MICROPHONE = "plughw:Loopback,0,0";
export const LOUDSPEAKER = "plughw:Loopback,0,1";
const ROOM_SPEAKS = "plughw:Loopback,1,0";
const ROOM_HEARS = "plughw:Loopback,1,1";

/** Speaks a WAV file into the agent's microphone; resolves at its end. */
export async function speak(file: string): Promise<void> {
  await finished("aplay", ["-q", "-D", ROOM_SPEAKS, file]);
}

/** Records what the agent plays to LOUDSPEAKER, as 16 kHz mono, for some seconds. */
export async function hear(file: string, seconds: number): Promise<void> {
  const format = ["-f", "S16_LE", "-r", "16000", "-c", "1", "-t", "wav"];
  await finished("arecord", ["-q", "-D", ROOM_HEARS, ...format, "-d", String(seconds), file]);
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
