import type { DeviceRecord, FleetJobSpec, NodeConfigState } from "../services.ts";
import type { KeptNode } from "./job-table.ts";

/** Fetching and installing a package on a small board. */
export const UPDATE_LIMIT_MS = 600_000;

export interface Evidence {
  readonly spec: FleetJobSpec;
  readonly device: DeviceRecord | undefined;
  readonly state: NodeConfigState | undefined;
  readonly now: number;
}

/** What is to be said of a node that was told something: it is well again, it failed, or nobody knows yet. The same object when nothing changed. */
export function judge(node: KeptNode, { spec, device, state, now }: Evidence): KeptNode {
  if (node.status === "waiting" || node.finishedAtMs !== undefined) return node;
  const late = now > (node.startedAtMs ?? now) + spec.gateS * 1000;
  const failed = (detail: string): KeptNode => ({ ...node, status: "failed", detail, finishedAtMs: now });
  if (!device || device.blocked || !state) return failed("the device was removed or blocked");
  // Until it has answered there is nothing to see.
  if (node.status === "sent" && spec.kind !== "config") {
    const patience = spec.kind === "update" ? UPDATE_LIMIT_MS : 0;
    if (!late || now <= (node.startedAtMs ?? now) + patience) return node;
    return failed(`it did not answer within ${Math.max(spec.gateS, patience / 1000)} s`);
  }
  const refused = state.actual?.refused;
  if (spec.kind === "config" && refused !== undefined && refused.revision === state.wanted && !state.inSync) {
    const [first] = refused.problems;
    return failed(`refused: ${first?.key ? `${first.key}: ` : ""}${first?.message ?? "no reason given"}`);
  }
  const again = spec.kind === "config" || (device.incarnation ?? 0) > (node.before ?? 0);
  const version = spec.package?.version;
  const asWanted = version === undefined || device.manifest?.agentVersion === version;
  if (device.online && again && asWanted && state.inSync) return { ...node, status: "done", finishedAtMs: now };
  if (!late) return node;
  const why = !device.online
    ? "is not there"
    : !again
      ? "did not come back"
      : !asWanted
        ? `runs ${device.manifest?.agentVersion}, not ${version}`
        : "is not in sync";
  return failed(`after ${spec.gateS} s it ${why}`);
}
