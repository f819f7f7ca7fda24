import type { NoticeEvent } from "@barnacle/protocol/mqtt";
import { EVENTS_CHANNEL } from "../inbox/index.ts";
import type { DeviceRecord, InboxEntry } from "../services.ts";

/** What a node noticed, as it stands in the inbox: nobody has to read it, everybody can find it. */
export function noticeEntry(
  deviceId: string,
  id: string,
  device: DeviceRecord | undefined,
  { kind, at, data }: NoticeEvent,
): InboxEntry {
  return {
    ...{ channel: EVENTS_CHANNEL, account: deviceId, externalId: id, direction: "in", archived: true },
    ...{ sender: device?.displayName ?? deviceId, text: textOf(kind, data), thread: kind, at, metadata: data },
    ...(device?.room === undefined ? {} : { room: device.room }),
  };
}

function textOf(kind: string, data: NoticeEvent["data"]): string {
  const { name, line, value, dropped, reason } = data;
  const pin = typeof name === "string" ? name : `line ${String(line)}`;
  if (kind === "gpio.edge") return `${pin}: ${value === 1 ? "on" : "off"}`;
  if (kind === "gpio.edges.dropped")
    return `${pin}: ${String(dropped)} more changes, now ${value === 1 ? "on" : "off"}`;
  return typeof reason === "string" ? `${kind}: ${reason}` : kind;
}
