import { createHash } from "node:crypto";
import { BarnacleError, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import { validator } from "@barnacle/protocol/schema";
import { type Static, Type } from "@sinclair/typebox";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { HookMapping } from "../config/agent.ts";
import type { Principal, RunOutcome } from "../services.ts";
import { shortened } from "../sessions/index.ts";
import { Bearer, refused } from "./bearer.ts";
import { brandHeaders } from "./brands.ts";
import type { ApiParts } from "./parts.ts";

/** Source: gateway protocol 3, "HTTP on the same port": at most 256 KiB. */
const BODY_LIMIT = 256 * 1024;
const SUMMARY = 500;
const MAIN = "main";

const Mode = Type.Optional(Type.Union([Type.Literal("now"), Type.Literal("next-heartbeat")]));
const wakeBody = validator(Type.Object({ text: Type.String({ minLength: 1, maxLength: 20_000 }), mode: Mode }));
const AgentBody = Type.Object({
  message: Type.String({ minLength: 1, maxLength: 200_000 }),
  name: Type.Optional(Type.String({ maxLength: 200 })),
  wakeMode: Mode,
  sessionKey: Type.Optional(Type.String({ maxLength: 512 })),
  agentId: Type.Optional(Type.String({ maxLength: 64 })),
  deliver: Type.Optional(Type.Boolean()),
  channel: Type.Optional(Type.String({ maxLength: 100 })),
  to: Type.Optional(Type.String({ maxLength: 300 })),
  model: Type.Optional(Type.String({ maxLength: 300 })),
  thinking: Type.Optional(Type.String({ maxLength: 40 })),
  timeoutSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
});
type AgentBody = Static<typeof AgentBody>;
const agentBody = validator(AgentBody);

/** Calls from outside with a token of their own. What an agent does for them is asked of the policy as `system:hook`. */
export function hookRoutes(server: FastifyInstance, parts: ApiParts): void {
  const { token, path, mappings } = parts.hooks;
  if (token === undefined) return;
  const bearer = new Bearer({ secrets: [token], clock: parts.clock });
  server.addHook("onRequest", async (request, reply) => {
    if (new URL(request.url, "http://hub").searchParams.has("token")) {
      // Addresses end up in logs of proxies and in histories.
      return refuse(reply.code(400), "the token belongs into the Authorization header, not into the address");
    }
    const wait = bearer.refusal(request, [...brandHeaders("token")]);
    if (wait !== undefined)
      return refused(reply, wait)
        .type("text/plain")
        .send(wait === 0 ? "Unauthorized" : "Slow down");
    return undefined;
  });
  server.setErrorHandler((error: FastifyError | BarnacleError, _request, reply) => {
    const named = nameOf(error);
    if (named.code === "INTERNAL") parts.log.error({ problem: messageOf(error), cause: error }, "a hook failed");
    return refuse(reply.code(named.entry.http), named.message);
  });
  const options = { bodyLimit: BODY_LIMIT };
  server.post(`${path}/wake`, options, async (request) => {
    const { text, mode = "now" } = wakeBody.parse(request.body, "wake");
    return wake(parts, MAIN, text, mode);
  });
  server.post(`${path}/agent`, options, async (request, reply) => {
    const body = agentBody.parse(request.body, "hook");
    return reply.code(202).send({ ok: true, runId: await begin(parts, request, body) });
  });
  for (const mapping of mappings) {
    server.post(`${path}/${mapping.path}`, options, (request, reply) => mapped(parts, mapping, request, reply));
  }
}

async function wake(parts: ApiParts, sessionKey: string, text: string, mode: "now" | "next-heartbeat") {
  await parts.sessions.systemEvent(sessionKey, text);
  if (mode === "now") parts.heartbeats.wake("hook", sessionKey);
  return { ok: true, mode };
}

/** @returns the run's id; the run itself goes on */
async function begin(parts: ApiParts, request: FastifyRequest, body: AgentBody): Promise<string> {
  const { runs, random, log } = parts;
  const { name = "Hook", channel, to, wakeMode = "now" } = body;
  const given = request.headers["idempotency-key"];
  const runId =
    typeof given === "string" && given !== ""
      ? `hook-${createHash("sha256").update(given).digest("hex").slice(0, 40)}`
      : `hook-${random.uuid()}`;
  const principal: Principal = { kind: "system", id: "hook", name };
  const started = await runs.start({
    ...{
      runId,
      sessionKey: body.sessionKey ?? runId.replace("-", ":"),
      message: body.message,
      source: "hook",
      principal,
    },
    ...(body.agentId === undefined ? {} : { agentId: body.agentId }),
    ...(body.deliver === undefined ? {} : { deliver: body.deliver }),
    ...(body.model === undefined ? {} : { model: body.model }),
    ...(body.thinking === undefined ? {} : { thinking: body.thinking }),
    ...(body.timeoutSeconds ? { timeoutMs: body.timeoutSeconds * 1000 } : {}),
    origin: { name, ...(channel === undefined ? {} : { channel }), ...(to === undefined ? {} : { to }) },
  });
  if (!started.created) return runId;
  const report = async () => {
    const outcome = await started.done;
    // The main session hears what came of it; a run of the main session itself is there already.
    if (outcome.sessionKey !== parts.sessions.canonical(MAIN))
      await wake(parts, MAIN, summary(name, outcome), wakeMode);
  };
  report().catch((error: unknown) => log.error({ runId, problem: messageOf(error) }, "a hook's end could not be told"));
  return runId;
}

function summary(name: string, { status, text, error }: RunOutcome): string {
  if (status === "ok") return `${name}: ${shortened(text ?? "done", SUMMARY)}`;
  return `${name} (${status}): ${shortened(error?.message ?? "no answer", SUMMARY)}`;
}

async function mapped(parts: ApiParts, mapping: HookMapping, request: FastifyRequest, reply: FastifyReply) {
  const text = filled(mapping.text, request.body);
  const sessionKey = mapping.sessionKey === undefined ? undefined : filled(mapping.sessionKey, request.body);
  if (mapping.action === "wake") return wake(parts, sessionKey ?? MAIN, text, "now");
  const name = mapping.name === undefined ? mapping.path : filled(mapping.name, request.body);
  const body = { message: text, name, ...(sessionKey === undefined ? {} : { sessionKey }) };
  return reply.code(202).send({ ok: true, runId: await begin(parts, request, body) });
}

/** `{{payload.repository.name}}` → that member of the body, as text; what is not there is nothing. */
function filled(template: string, body: unknown): string {
  return template.replace(/\{\{\s*(?:payload\.?)?([\w.\-[\]]*)\s*\}\}/g, (_whole, path: string) => {
    const steps = path.split(/[.[\]]+/).filter((step) => step !== "");
    let value: unknown = body;
    for (const step of steps) {
      const inside = typeof value === "object" && value !== null && Object.hasOwn(value, step);
      value = inside ? (value as Record<string, unknown>)[step] : undefined;
    }
    if (value === undefined || value === null) return "";
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}

/** What Fastify refuses says what was wrong with the call; the text of any other error is for the log only. */
function nameOf(error: FastifyError | BarnacleError): BarnacleError {
  if (error instanceof BarnacleError && error.code !== "INTERNAL") return error;
  const status = "statusCode" in error ? error.statusCode : undefined;
  if (status !== undefined && status < 500) return new BarnacleError("INPUT_INVALID", error.message);
  return new BarnacleError("INTERNAL", "the hub failed to answer; its log says why", { cause: error });
}

function refuse(reply: FastifyReply, error: string): FastifyReply {
  return reply.send({ ok: false, error: toBarnacleError(new BarnacleError("INPUT_INVALID", error)).message });
}
