import { createReadStream, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Bearer, refused } from "../api/bearer.ts";
import type { HttpRoutes } from "../http/index.ts";
import { find } from "./files.ts";
import { type PageFacts, pageWith, policyFor } from "./page.ts";

export interface ControlUiOptions {
  /** Folder of an installed OpenClaw's `dist/control-ui`. */
  readonly root: string;
  /** `/` or `/ui`. */
  readonly basePath: string;
  readonly version: string;
  readonly assistant: () => { readonly id: string; readonly name: string; readonly avatar: string };
  readonly seamColor: () => string | undefined;
  /** Any of these as bearer opens `control-ui-config.json`. */
  readonly secrets: readonly string[];
  /** So does the token of a paired operator: the application forgets the shared one once it has its own. */
  readonly operatorToken: (token: string) => boolean;
  readonly clock: Clock;
}

const UNAUTHORIZED = { error: { message: "Unauthorized", type: "unauthorized" } };

/** The web application of an installed OpenClaw, Moltbot or Clawdbot, served from its own files. Source: gateway protocols 3 and 4, "HTTP". */
export class ControlUi implements HttpRoutes {
  readonly #options: ControlUiOptions;
  readonly #base: string;
  readonly #bearer: Bearer;

  /** @throws CONFIG_INVALID when there is no application at `root` */
  constructor(options: ControlUiOptions) {
    this.#options = options;
    const { secrets, clock, operatorToken: others } = options;
    this.#bearer = new Bearer({ secrets, clock, others });
    this.#base = options.basePath.replace(/\/+$/, "");
    if (statSync(path.join(options.root, "index.html"), { throwIfNoEntry: false })?.isFile()) return;
    throw new BarnacleError(
      "CONFIG_INVALID",
      `gateway.controlUi.root: ${options.root} has no index.html; expected the dist/control-ui of an installed OpenClaw`,
    );
  }

  get takesRoot(): boolean {
    return this.#base === "";
  }

  register(server: FastifyInstance): void {
    for (const at of [`${this.#base}/control-ui-config.json`, `${this.#base}/__openclaw/control-ui-config.json`]) {
      server.get(at, (request, reply) => this.#config(request, reply));
    }
    if (this.#base !== "") server.get(this.#base, (_request, reply) => this.#page(reply));
    server.get(`${this.#base}/*`, (request, reply) => this.#serve(request, reply));
  }

  #serve(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const pathname = (request.raw.url ?? "/").split("?")[0] as string;
    const found = find(this.#options.root, pathname.slice(this.#base.length));
    if (found.kind === "none") throw new BarnacleError("NOT_FOUND", `nothing is at GET ${pathname.slice(0, 200)}`);
    if (found.kind === "page") return this.#page(reply);
    // The builder puts a digest into the names of assets: what has such a name never changes.
    const lasting = pathname.startsWith(`${this.#base}/assets/`);
    return guarded(reply)
      .header("cache-control", lasting ? "public, max-age=31536000, immutable" : "no-cache")
      .header("content-length", found.size)
      .type(found.type)
      .send(createReadStream(found.file));
  }

  #page(reply: FastifyReply): FastifyReply {
    const html = pageWith(readFileSync(path.join(this.#options.root, "index.html"), "utf8"), this.#facts());
    return guarded(reply)
      .header("cache-control", "no-cache")
      .header("content-security-policy", policyFor(html))
      .type("text/html; charset=utf-8")
      .send(html);
  }

  #facts(): PageFacts {
    const { name, avatar } = this.#options.assistant();
    return { basePath: this.#base, assistantName: name, assistantAvatar: avatar };
  }

  #config(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { version, assistant, seamColor } = this.#options;
    const waitMs = this.#bearer.refusal(request);
    if (waitMs !== undefined) return refused(reply, waitMs).send(UNAUTHORIZED);
    const { id, name, avatar } = assistant();
    return guarded(reply)
      .header("cache-control", "no-cache")
      .send({
        ...{ basePath: this.#base, assistantName: name, assistantAvatar: avatar, assistantAgentId: id },
        ...{ serverVersion: version, embedSandbox: "strict", allowExternalEmbedUrls: false },
        ...{ automaticallyFetchFavicons: false, seamColor: seamColor(), communityInvite: false },
        ...{ terminalEnabled: false, cliAgentsEnabled: false, pluginAssetsRequireAuth: false, pluginFrameGrants: [] },
      });
  }
}

function guarded(reply: FastifyReply): FastifyReply {
  return reply
    .header("x-content-type-options", "nosniff")
    .header("x-frame-options", "DENY")
    .header("referrer-policy", "no-referrer");
}
