import { BarnacleError } from "@barnacle/protocol/errors";
import type { FastifyRequest } from "fastify";
import { agentOfModel, brandHeader } from "./brands.ts";
import type { ApiParts } from "./parts.ts";

export interface Target {
  readonly agentId: string;
  readonly sessionKey: string;
  /** Where the caller named a model of the configuration instead of an assistant. */
  readonly model?: string;
}

/**
 * Which assistant and session a call is for: by headers, by the model's name, by `user`; else the default assistant in a
 * session of its own.
 * @throws NOT_FOUND no such assistant, no such model
 */
export function targetOf(
  request: FastifyRequest,
  body: { model?: string | undefined; user?: string | undefined },
  parts: ApiParts,
): Target {
  const { agents, models, sessions, random } = parts;
  const named = body.model === undefined ? "" : agentOfModel(body.model);
  const given = brandHeader(request, "agent-id") ?? (named === "" ? undefined : named);
  const { id } = given === undefined ? agents.default : agents.get(given);
  const own = body.user ? `openai-user:${body.user.slice(0, 100)}` : `openai:${random.uuid()}`;
  const sessionKey = sessions.canonical(brandHeader(request, "session-key") ?? own, id);
  if (body.model === undefined || named !== undefined) return { agentId: id, sessionKey };
  const model = models.find(body.model);
  if (!model) {
    const list = agents.list().map((agent) => `openclaw:${agent.id}`);
    throw new BarnacleError(
      "NOT_FOUND",
      `no model "${body.model.slice(0, 80)}"; there are: ${[...list, ...models.list().map(({ ref }) => ref)].join(", ")}`,
    );
  }
  return { agentId: id, sessionKey, model: model.ref };
}
