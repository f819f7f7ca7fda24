import type { JsonObject } from "@barnacle/protocol/schema";
import { RUN, withoutClaims } from "../commands/index.ts";
import type { ApprovalGate, HeldCommand, Principal, Verdict } from "../services.ts";
import type { StoredApprovals } from "./approvals.ts";
import { type BoundCommand, boundOfCommand } from "./bound.ts";

/** Holds a command until a person said yes. */
export class AskingGate implements ApprovalGate {
  readonly #approvals: StoredApprovals;
  readonly #canAnswer: (asker: Principal) => boolean;

  /** @param options.canAnswer whether somebody is connected who may say yes to what `asker` wants */
  constructor(options: { approvals: StoredApprovals; canAnswer: (asker: Principal) => boolean }) {
    this.#approvals = options.approvals;
    this.#canAnswer = options.canAnswer;
  }

  async admit(held: HeldCommand): Promise<Verdict> {
    const { principal } = held;
    const params = withoutClaims(held);
    const bound = boundOfCommand(held.deviceId, held.command, params);
    const given = await this.#approvals.take(bound, principal);
    if (given) return allowed(held, params, given.id, given.decision, "it was approved beforehand");
    const ask = { request: requestOf(held, bound), principal };
    if (!this.#canAnswer(principal)) {
      const { id } = await this.#approvals.refuse(ask, bound);
      return { allowed: false, approvalId: id, params, reason: "nobody who may approve it is connected" };
    }
    const { id } = await this.#approvals.ask(ask, bound, "policy");
    const { status, resolver = "nobody", decision } = await this.#approvals.wait(id);
    if (status !== "allowed" || decision === undefined) {
      const reason = status === "denied" ? `${resolver} denied it` : "nobody approved it in time";
      return { allowed: false, approvalId: id, params, reason };
    }
    // Somebody else's same command took this yes first: it was for one.
    if (!(await this.#approvals.use(id))) return this.admit(held);
    return allowed(held, params, id, decision, `${resolver} approved it`);
  }
}

function allowed(held: HeldCommand, params: JsonObject, approvalId: string, decision: string, reason: string): Verdict {
  const known = held.command === RUN ? { ...params, approved: true, approvalDecision: decision } : params;
  return { allowed: true, approvalId, params: known, reason };
}

/** What whoever decides is shown. Source: gateway protocol 3, `exec.approval.requested`. */
function requestOf({ deviceId, deviceName, command, params }: HeldCommand, bound: BoundCommand): JsonObject {
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : null);
  return {
    ...{ command: bound.text, cwd: bound.cwd, host: "node", nodeId: deviceId, nodeName: deviceName ?? null },
    ...(bound.argv ? { commandArgv: bound.argv } : {}),
    ...{ nodeCommand: command, security: null, ask: "always", agentId: text(params.agentId), resolvedPath: null },
    sessionKey: text(params.sessionKey),
  };
}
