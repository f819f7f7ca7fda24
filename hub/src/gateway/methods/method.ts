import { BarnacleError } from "@barnacle/protocol/errors";
import { SCOPES } from "@barnacle/protocol/gateway";
import { type Validator, validator } from "@barnacle/protocol/schema";
import type { Static, TSchema } from "@sinclair/typebox";
import type { Principal } from "../../services.ts";
import type { Presence } from "../presence.ts";
import type { GatewayServices } from "../services.ts";

/** Who asks. */
export interface Caller {
  readonly connId: string;
  readonly role: "operator" | "node";
  readonly scopes: readonly string[];
  readonly deviceId?: string;
  readonly principal: Principal;
}

export interface MethodContext {
  readonly hub: GatewayServices;
  readonly caller: Caller;
  readonly presence: Presence;
  readonly uptimeMs: () => number;
  readonly connections: () => number;
}

/** What a caller needs; `node` is the role, the others are operator scopes. */
export type Access = "node" | "read" | "write" | "pairing" | "approvals" | "admin";

/** One method, from which dispatch, validation and `features.methods` come. */
export interface Method {
  readonly name: string;
  readonly access: Access;
  /** It changes something: asked of the policy, and recorded before it is done. */
  readonly records?: "pairing" | "config";
  /** @throws INPUT_INVALID `invalid <method> params: …`, and what the handler throws */
  call(params: unknown, context: MethodContext): Promise<unknown>;
}

interface MethodSpec<T extends TSchema> {
  readonly name: string;
  readonly access: Access;
  readonly params: T;
  readonly records?: "pairing" | "config";
  run(params: Static<T>, context: MethodContext): unknown;
}

export function method<T extends TSchema>(spec: MethodSpec<T>): Method {
  const check = validator(spec.params);
  const { name, access, records } = spec;
  return {
    name,
    access,
    ...(records === undefined ? {} : { records }),
    async call(given, context) {
      const params = given ?? {};
      if (!check.check(params)) throw badParams(name, check, params);
      if (records !== undefined) await permitAndRecord(name, records, params, context);
      return spec.run(params, context);
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
  kind: "pairing" | "config",
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

/** Undefined when the caller may use the method. Source: Moltbot gateway protocol 3, "roles and scopes". */
export function refusal(found: Method | undefined, name: string, caller: Caller): BarnacleError | undefined {
  if (found?.access === "node") {
    return caller.role === "node" ? undefined : forbidden(`unauthorized role: ${caller.role}`);
  }
  if (caller.role === "node") return forbidden("unauthorized role: node");
  const has = (scope: string) => caller.scopes.includes(scope);
  if (has(SCOPES.admin)) {
    return found ? undefined : new BarnacleError("METHOD_UNKNOWN", `unknown method: ${name}`);
  }
  const access = found?.access ?? "admin";
  if (access === "read" && (has(SCOPES.read) || has(SCOPES.write))) return undefined;
  if (access !== "admin" && has(SCOPES[access])) return undefined;
  return forbidden(`missing scope: ${SCOPES[access]}`);
}

function forbidden(text: string): BarnacleError {
  return new BarnacleError("FORBIDDEN", text);
}
