import { readFile, stat } from "node:fs/promises";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { FastifyInstance } from "fastify";
import type { ApiParts } from "./parts.ts";

const MAX_BYTES = 2 * 1024 * 1024;
/** First bytes by which a picture is known; nothing else of the machine is ever served. */
const KINDS: readonly (readonly [string, string])[] = [
  ["image/png", "89504e47"],
  ["image/jpeg", "ffd8ff"],
  ["image/gif", "47494638"],
  ["image/webp", "52494646"],
];

/** `GET /avatar/<agentId>`: the picture, or with `?meta=1` where it is. Open to all, as the pages that show it are. */
export function avatarRoutes(server: FastifyInstance, { agents }: Pick<ApiParts, "agents">): void {
  server.get<{ Params: { agentId: string }; Querystring: { meta?: string } }>(
    "/avatar/:agentId",
    async ({ params, query }, reply) => {
      const agent = agents.find(params.agentId);
      const avatar = agent?.avatar;
      const isLink = avatar !== undefined && /^(https?:|data:image\/)/.test(avatar);
      if (query.meta !== undefined && query.meta !== "0") {
        return { avatarUrl: isLink ? avatar : avatar === undefined ? null : `/avatar/${agent?.id}` };
      }
      if (avatar === undefined || isLink) throw new BarnacleError("NOT_FOUND", "this assistant has no picture here");
      const { type, bytes } = await picture(avatar);
      return reply
        .type(type)
        .header("cache-control", "no-cache")
        .header("x-content-type-options", "nosniff")
        .send(bytes);
    },
  );
}

async function picture(file: string): Promise<{ type: string; bytes: Buffer }> {
  const facts = await stat(file).catch(() => undefined);
  if (facts?.isFile() && facts.size <= MAX_BYTES) {
    const bytes = await readFile(file);
    const first = bytes.subarray(0, 8).toString("hex");
    const kind = KINDS.find(([, signature]) => first.startsWith(signature));
    if (kind) return { type: kind[0], bytes };
  }
  throw new BarnacleError("NOT_FOUND", "the picture of this assistant cannot be shown");
}
