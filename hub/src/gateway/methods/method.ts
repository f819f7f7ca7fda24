import { BarnacleError } from "@barnacle/protocol/errors";
import { grants, type ProtocolVersion, SCOPES, type ScopeName } from "@barnacle/protocol/gateway";
import { type JsonObject, type Validator, validator } from "@barnacle/protocol/schema";
import type { Static, TSchema } from "@sinclair/typebox";
import type { Principal } from "../../services.ts";
import type { Broadcast } from "../broadcast.ts";
import type { Presence } from "../presence.ts";
import type { GatewayServices } from "../services.ts";
import { WireError } from "../wire-error.ts";

/** Who asks. */
export interface Caller {
  readonly connId: string;
  readonly role: "operator" | "node";
  readonly scopes: readonly string[];
  readonly deviceId?: string;
  /** What the client calls itself: `cli`, `node-host`, `openclaw-ios`. */
  readonly clientId: string;
  /** An app of a phone, by its name and by the platform that it was approved with. */
  readonly phoneApp: boolean;
  readonly principal: Principal;
}

/** The connection over which the question came. */
export interface CallerPeer {
  readonly connId: string;
  readonly protocol: ProtocolVersion;
  /** What the client said in `connect` that it understands. */
  readonly caps: ReadonlySet<string>;
  /** Canonical keys of sessions whose events it wants. */
  readonly subscriptions: Set<string>;
  /** Resolves when the connection is closed: nobody waits for an answer any more. */
  readonly ended: Promise<void>;
  /** To this connection alone, without `seq`. */
  sendEvent(event: string, payload: unknown): void;
}

export interface MethodContext {
  readonly hub: GatewayServices;
  readonly caller: Caller;
  readonly peer: CallerPeer;
  readonly presence: Presence;
  readonly broadcast: Broadcast;
  readonly uptimeMs: () => number;
  readonly connections: () => number;
  /** Answers at once under the same request id; the result follows as a second answer. */
  accept(payload: unknown): void;
}

/** What a caller needs; `node` is the role, the others are operator scopes. */
export type Access = "node" | ScopeName;

/** How far a method goes: all of it, a named part, or not at all with the reason. */
export type Support = "full" | { readonly partial: string } | { readonly none: string };

/** One method, from which dispatch, validation, `features.methods` and METHODS.md come. */
export interface Method {
  readonly name: string;
  readonly access: Access;
  readonly support: Support;
  /** What it takes; absent where it is not here. */
  readonly params?: TSchema;
  /** Phone apps may call it on their node connection as well. */
  readonly nodesToo: boolean;
  /** Decides by the parameters, where one scope does not do for all of them. */
  readonly accessOf?: (params: unknown) => Access;
  /** It changes something: asked of the policy, and recorded before it is done. */
  readonly records?: "pairing" | "config" | "work";
  /** @throws INPUT_INVALID `invalid <method> params: …`, and what the handler throws */
  call(params: unknown, context: MethodContext): Promise<unknown>;
}

interface MethodSpec<T extends TSchema> {
  readonly name: string;
  readonly access: Access;
  readonly params: T;
  readonly support?: Support;
  readonly nodesToo?: boolean;
  readonly accessOf?: (params: Static<T>) => Access;
  readonly records?: "pairing" | "config" | "work";
  /** What of the parameters goes on record; default all, secrets masked by name. */
  readonly recordAs?: (params: Static<T>) => JsonObject;
  run(params: Static<T>, context: MethodContext): unknown;
}

export function method<T extends TSchema>(spec: MethodSpec<T>): Method {
  const check = validator(spec.params);
  const { name, access, accessOf, records } = spec;
  return {
    name,
    access,
    support: spec.support ?? "full",
    params: spec.params,
    nodesToo: spec.nodesToo ?? false,
    ...(accessOf === undefined
      ? {}
      : {
          accessOf: (params: unknown) => (check.check(params ?? {}) ? accessOf((params ?? {}) as Static<T>) : access),
        }),
    ...(records === undefined ? {} : { records }),
    async call(given, context) {
      const params = given ?? {};
      if (!check.check(params)) throw badParams(name, check, params);
      if (records !== undefined) await permitAndRecord(name, records, spec.recordAs?.(params) ?? params, context);
      return spec.run(params, context);
    },
  };
}

/** A method that clients know and that has no meaning here: it is answered by name, never as unknown. */
export function notHere(name: string, access: Access, why: string): Method {
  return {
    name,
    access,
    support: { none: why },
    nodesToo: access === "node",
    async call() {
      throw new BarnacleError("METHOD_NOT_HERE", `${name} is not supported here: ${why}`);
    },
  };
}

function badParams<T extends TSchema>(name: string, check: Validator<T>, params: unknown): BarnacleError {
  const problems = check.problems(params);
  const text = problems.map(({ path, expected }) => `at ${path === "" ? "root" : path}: ${expected}`).join("; ");
  return new BarnacleError("INPUT_INVALID", `invalid ${name} params: ${text}`, { details: { problems } });
}

/** Scopes were checked before; this is the policy's word and the record of who asked for what. */
async function permitAndRecord(
  name: string,
  kind: "pairing" | "config" | "work",
  params: unknown,
  { hub, caller }: MethodContext,
): Promise<void> {
  const { principal } = caller;
  const decision = hub.policy.decide({ principal, action: "method", name });
  await hub.audit.append({
    kind,
    principal,
    subject: name,
    data: { params, effect: decision.effect, rule: decision.rule },
  });
  if (decision.effect === "deny") {
    throw new BarnacleError("POLICY_DENIED", `${name}: ${decision.reason}`, { details: { rule: decision.rule } });
  }
}

/**
 * Undefined when the caller may use the method. To callers without admin an unknown method is one that needs admin.
 * Source: gateway protocols 3 and 4, "roles and scopes".
 */
export function refusal(
  found: Method | undefined,
  name: string,
  caller: Caller,
  params?: unknown,
): BarnacleError | undefined {
  if (caller.role === "node") {
    const may = found?.access === "node" || (found?.nodesToo === true && caller.phoneApp);
    return may ? undefined : wrongRole("node");
  }
  if (found?.access === "node") return wrongRole("operator");
  const access = (found?.accessOf?.(params) ?? found?.access ?? "admin") as ScopeName;
  if (!grants(caller.scopes, access)) return missingScope(SCOPES[access]);
  return found ? undefined : new BarnacleError("METHOD_UNKNOWN", `unknown method: ${name}`);
}

/** The wire knows a missing scope as FORBIDDEN, a wrong role as a request that makes no sense. */
function wrongRole(role: string): BarnacleError {
  return new WireError(forbidden(`unauthorized role: ${role}`), { code: "INVALID_REQUEST" });
}

export function missingScope(missing: string): BarnacleError {
  return forbidden(`missing scope: ${missing}`, {
    ...{ code: "MISSING_SCOPE", missingScope: missing, requiredScopes: [missing] },
  });
}

function forbidden(text: string, details?: Record<string, unknown>): BarnacleError {
  return new BarnacleError("FORBIDDEN", text, details === undefined ? {} : { details });
}
