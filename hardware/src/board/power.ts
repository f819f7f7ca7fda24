import type { BoardTelemetry } from "@barnacle/protocol/schema";
import type { KernelFiles } from "./files.ts";

const SUPPLIES = "sys/class/power_supply";

/** The first battery that the kernel knows; undefined on a board that is plugged in for good. */
export async function readBattery(files: KernelFiles): Promise<BoardTelemetry["battery"]> {
  for (const name of await files.list(SUPPLIES)) {
    const read = async (what: string) => (await files.text(`${SUPPLIES}/${name}/${what}`))?.trim();
    if ((await read("type")) !== "Battery") continue;
    const percent = await files.number(`${SUPPLIES}/${name}/capacity`);
    if (percent === undefined) continue;
    const status = await read("status");
    return { percent: Math.min(100, Math.max(0, percent)), charging: status === "Charging" || status === "Full" };
  }
  return undefined;
}

/** How many ALSA devices record and play, from `/proc/asound/pcm`: `00-00: name : name : playback 1 : capture 1`. */
export async function readSound(files: KernelFiles): Promise<BoardTelemetry["sound"]> {
  const table = await files.text("proc/asound/pcm");
  if (table === undefined) return undefined;
  const count = (what: string): number => table.split("\n").filter((line) => line.includes(`: ${what}`)).length;
  return { capture: count("capture"), playback: count("playback") };
}
