import { BarnacleError, hasCode, messageOf } from "@barnacle/protocol/errors";
import type {
  CommandCall,
  CommandOutlook,
  Commands,
  Devices,
  RouteCandidate,
  RouteDecision,
  RoutedCall,
  RoutedCommands,
  RoutedOutcome,
  RouteRequest,
  Router,
} from "../services.ts";

export interface DispatcherOptions {
  readonly router: Router;
  readonly commands: Commands & CommandOutlook;
  readonly devices: Pick<Devices, "get">;
}

/** A command that one node has no answer to is not carried through the whole house. */
const MOST_TRIES = 3;
/** Refusals that would be the same on every device. */
const EVERYWHERE = ["COMMAND_PARAMS", "INPUT_INVALID", "CONFLICT", "AUDIT_UNWRITABLE", "HUB_STOPPING"] as const;

type Failed = RoutedOutcome["failed"][number];

/** Commands for whichever node is best, each through the one door. */
export class Dispatcher implements RoutedCommands {
  readonly #options: DispatcherOptions;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  async invoke({ route, ...call }: RoutedCall): Promise<RoutedOutcome> {
    const { commands, router } = this.#options;
    // A routed key is one key for all devices; the prefix keeps it apart from keys that were used with one device.
    const own = { ...call, idempotencyKey: `routed:${call.idempotencyKey}` };
    const decision = router.route(requestOf(own, route, commands));
    const before = commands.sentTo(own.idempotencyKey);
    const failed: Failed[] = [];
    let sent = false;
    for (const candidate of ordered(decision, before)) {
      if (sent && !this.#repeatable(candidate, own.command)) continue;
      try {
        const outcome = await commands.invoke({ ...own, deviceId: candidate.deviceId });
        return { ...outcome, why: candidate.why, failed };
      } catch (error) {
        failed.push({ ...named(candidate), problem: messageOf(error) });
        sent ||= commands.sentTo(own.idempotencyKey) === candidate.deviceId;
        // Only what was never sent, or does no harm twice, is given to another device.
        if (hasCode(error, ...EVERYWHERE) || (sent && !this.#repeatable(candidate, own.command))) throw error;
        if (failed.length >= MOST_TRIES) break;
      }
    }
    throw nobody(call.command, decision, failed);
  }

  #repeatable({ deviceId }: Tried, command: string): boolean {
    const offered = this.#options.devices.get(deviceId)?.manifest?.commands;
    return offered?.find(({ name }) => name === command)?.idempotent === true;
  }
}

type Tried = Pick<RouteCandidate, "deviceId" | "displayName" | "why">;

function requestOf(
  call: Omit<CommandCall, "deviceId">,
  route: RoutedCall["route"],
  commands: Pick<CommandOutlook, "decide">,
): RouteRequest {
  const { capability = call.command, requires = [], ...rest } = route;
  const also = capability === call.command ? requires : [...requires, { capability: call.command }];
  return {
    ...rest,
    ...{ capability, requires: also },
    forbids({ deviceId }) {
      const { effect, reason } = commands.decide({ ...call, deviceId });
      return effect === "deny" ? reason : undefined;
    },
  };
}

/** Best first; a device that was given this key before comes first whatever it is worth now. */
function ordered({ ranked }: RouteDecision, before: string | undefined): readonly Tried[] {
  if (before === undefined) return ranked;
  const known = ranked.find(({ deviceId }) => deviceId === before);
  const first = known ?? { deviceId: before, displayName: before.slice(0, 12), why: "this key was used with it" };
  return [first, ...ranked.filter(({ deviceId }) => deviceId !== before)];
}

function named({ deviceId, displayName }: Tried) {
  return { deviceId, displayName };
}

function nobody(command: string, { rejected }: RouteDecision, failed: readonly Failed[]): BarnacleError {
  const tried = failed.map(({ displayName, problem }) => `${displayName}: ${problem}`);
  const reasons = [...tried, ...rejected.map(({ displayName, reason }) => `${displayName}: ${reason}`)];
  const why = reasons.length === 0 ? "" : ` (${reasons.join("; ").slice(0, 2000)})`;
  return new BarnacleError("ROUTE_NONE", `no device can do ${command} now${why}`, { details: { failed, rejected } });
}
