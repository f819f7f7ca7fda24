import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import type { Commands, DeviceRecord, Devices, Principal, Router } from "../services.ts";

const SPEAK = "talk.speak";

/** What speaking in rooms needs. */
export interface Speakers {
  readonly devices: Pick<Devices, "list">;
  readonly router: Router;
  readonly commands: Commands;
}

export interface Spoken {
  readonly deviceId: string;
  readonly displayName: string;
  readonly room?: string;
  readonly failure?: BarnacleError;
}

/**
 * Speaks in one room, by the best node that stands there, or (no room) on every node that can.
 * @throws ROUTE_NONE, and the first failure when nobody spoke
 */
export async function speakInRooms(
  speakers: Speakers,
  { text, room, key, principal }: { text: string; room?: string | undefined; key: string; principal: Principal },
): Promise<readonly Spoken[]> {
  const targets = room === undefined ? able(speakers.devices) : [speakerIn(speakers.router, room)];
  if (targets.length === 0) throw new BarnacleError("ROUTE_NONE", "no node that can speak is connected");
  const spoken = await Promise.all(
    targets.map(async ({ deviceId, displayName, room }): Promise<Spoken> => {
      const where = { deviceId, displayName, ...(room === undefined ? {} : { room }) };
      const idempotencyKey = `${key}-${deviceId.slice(0, 12)}`;
      try {
        await speakers.commands.invoke({ deviceId, command: SPEAK, params: { text }, idempotencyKey, principal });
        return where;
      } catch (error) {
        return { ...where, failure: toBarnacleError(error) };
      }
    }),
  );
  const [first] = spoken;
  if (first?.failure && spoken.every((one) => one.failure)) throw first.failure;
  return spoken;
}

/** Nodes that are connected and can speak. */
export function able(devices: Pick<Devices, "list">): DeviceRecord[] {
  return devices
    .list()
    .filter((device) => device.roles.includes("node") && device.online && !device.blocked)
    .filter((device) => device.manifest?.commands.some((command) => command.name === SPEAK));
}

function speakerIn(router: Router, room: string): { deviceId: string; displayName: string; room?: string } {
  const decision = router.route({ capability: SPEAK, room });
  const there = decision.ranked.find((one) => one.room?.toLowerCase() === room.toLowerCase());
  if (there) return there;
  const why = decision.rejected.map((one) => `${one.displayName}: ${one.reason}`).join("; ");
  throw new BarnacleError("ROUTE_NONE", `no node in the room "${room}" can speak now${why ? ` (${why})` : ""}`);
}
