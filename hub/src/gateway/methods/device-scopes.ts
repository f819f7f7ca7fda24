import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import { type Method, type MethodContext, method } from "./method.ts";

const Scope = Type.String({ minLength: 1, maxLength: 200 });

/** A paired device asks for more scopes without leaving: it asks, waits for a person, and gets a wider token. */
export const deviceScopeMethods: readonly Method[] = [
  method({
    name: "device.scopes.requestUpgrade",
    access: "read",
    params: Type.Object({ scopes: Type.Array(Scope, { minItems: 1, maxItems: 8 }) }),
    async run({ scopes }, context) {
      const { requestId } = await context.hub.devices.requestScopes(own(context), "operator", [...new Set(scopes)]);
      return { requestId };
    },
  }),
  method({
    name: "device.scopes.waitUpgrade",
    access: "read",
    params: Type.Object({ requestId: Type.String({ minLength: 1, maxLength: 200 }) }),
    async run({ requestId }, context) {
      const { hub, caller } = context;
      const deviceId = own(context);
      const waiting = hub.devices.pending().find((one) => one.requestId === requestId);
      const request = waiting ?? hub.devices.resolved(requestId)?.request;
      if (request?.deviceId !== deviceId) return { status: "expired", requestId };
      const decision = hub.devices.resolved(requestId)?.decision ?? (await decided(context, requestId));
      if (decision !== "approved") return { status: decision, requestId };
      const scopes = [...new Set([...(hub.devices.get(deviceId)?.scopes ?? []), ...request.scopes])];
      const { token, entry } = await hub.devices.rotateToken(deviceId, "operator", scopes, caller.principal);
      return { status: "approved", requestId, deviceToken: token, scopes: [...entry.scopes] };
    },
  }),
];

function own({ caller }: MethodContext): string {
  if (caller.deviceId !== undefined) return caller.deviceId;
  throw new BarnacleError("FORBIDDEN", "only a paired device can ask for more scopes");
}

const LOOK_EVERY_MS = 5_000;

/** Resolves when an operator has decided, or nobody has in time. */
function decided({ hub, peer }: MethodContext, requestId: string): Promise<"approved" | "rejected" | "expired"> {
  return new Promise((resolve) => {
    const owner = {};
    const done = (decision: "approved" | "rejected" | "expired"): void => {
      stop();
      hub.devices.events.dropOwner(owner);
      resolve(decision);
    };
    hub.devices.events.on(
      "pairResolved",
      (resolved) => {
        if (resolved.requestId === requestId) done(resolved.decision);
      },
      owner,
    );
    // Whoever has gone needs no answer, and leaves no timer.
    void peer.ended.then(() => done("expired"));
    const stop = hub.clock.every(LOOK_EVERY_MS, () => {
      if (!hub.devices.pending().some((request) => request.requestId === requestId)) done("expired");
    });
  });
}
