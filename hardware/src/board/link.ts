import type { BoardTelemetry } from "@barnacle/protocol/schema";
import type { KernelFiles } from "./files.ts";

type Link = NonNullable<BoardTelemetry["link"]>;

const NETWORK = "sys/class/net";
/** ARPHRD_ETHER: wired and wireless cards alike. */
const ETHERNET_TYPE = 1;

/** The interface that carries the default route, or else the first real one; loopback and virtual ones do not count. */
export async function readLink(files: KernelFiles): Promise<Link | undefined> {
  const names = (await files.list(NETWORK)).filter((name) => name !== "lo");
  const routed = defaultRoute((await files.text("proc/net/route")) ?? "");
  const links: Link[] = [];
  for (const name of names) links.push(await describe(files, name));
  return links.find((link) => link.name === routed) ?? links.find((link) => link.up) ?? links[0];
}

async function describe(files: KernelFiles, name: string): Promise<Link> {
  const wireless = (await files.list(`${NETWORK}/${name}/wireless`)).length > 0;
  const signalDbm = parseSignal((await files.text("proc/net/wireless")) ?? "", name);
  const type = await files.number(`${NETWORK}/${name}/type`);
  const up = (await files.text(`${NETWORK}/${name}/operstate`))?.trim() === "up";
  const kind = wireless || signalDbm !== undefined ? "wifi" : type === ETHERNET_TYPE ? "ethernet" : "other";
  return { name, kind, up, ...(signalDbm === undefined ? {} : { signalDbm }) };
}

/** Interface of the route to 0.0.0.0 with the lowest metric. */
function defaultRoute(table: string): string | undefined {
  return table
    .split("\n")
    .slice(1)
    .map((line) => line.split(/\s+/))
    .filter((fields) => fields[1] === "00000000" && fields[7] === "00000000")
    .sort((a, b) => Number(a[6]) - Number(b[6]))[0]?.[0];
}

/** Signal level in dBm from /proc/net/wireless: `wlan0: 0000 62. -48. -256 …`. */
function parseSignal(table: string, name: string): number | undefined {
  const line = table.split("\n").find((text) => text.trim().startsWith(`${name}:`));
  const level = Number.parseFloat(line?.trim().split(/\s+/)[3] ?? "");
  // Drivers that know no dBm give a positive quality instead.
  return Number.isFinite(level) && level < 0 ? level : undefined;
}
