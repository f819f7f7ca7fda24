import { type HelloOk, SCOPES } from "@barnacle/protocol/gateway";
import { MAIN } from "../../sessions/index.ts";
import { MAX_BUFFERED_BYTES } from "../broadcast.ts";
import type { Connection } from "../connection.ts";
import { EVENT_NAMES } from "../events.ts";
import { METHOD_NAMES } from "../methods/index.ts";

export const TICK_MS = 30_000;
export const MAX_FRAME_BYTES = 25 * 1024 * 1024;

/** What a hello says of the gateway, whoever is greeted. */
export interface HelloFacts {
  readonly version: string;
  /** One per start. */
  readonly bootId: string;
  readonly host: string;
  readonly presence: HelloOk["snapshot"]["presence"];
  readonly health: unknown;
  readonly stateVersion: HelloOk["snapshot"]["stateVersion"];
  readonly uptimeMs: number;
  readonly defaultAgentId: string;
  readonly stateDir?: string | undefined;
  readonly configFile?: string | undefined;
  /** Where this client finds the canvas, `http://hub:18789`; undefined while there is none. */
  readonly canvasUrl?: string | undefined;
}

/** `published-model-catalog`: models.list is answered; without it the command line of protocol 4 does not ask. */
const FEATURES = {
  methods: [...METHOD_NAMES],
  events: [...EVENT_NAMES],
  capabilities: ["published-model-catalog"],
};

/** The answer to `connect`, with the members of both protocols; what one of them does not know is taken out at the edge. */
export function helloOf({ protocol, connId, scopes, admission }: Connection, facts: HelloFacts): HelloOk {
  const { version, host, bootId, canvasUrl } = facts;
  const { presence, health, stateVersion, uptimeMs, stateDir, configFile } = facts;
  const admin = scopes.includes(SCOPES.admin);
  return {
    type: "hello-ok",
    protocol,
    server: { version, host, bootId, connId },
    features: FEATURES,
    snapshot: {
      ...{ presence, health, stateVersion, uptimeMs },
      ...(admin && stateDir !== undefined ? { stateDir } : {}),
      ...(admin && configFile !== undefined ? { configPath: configFile } : {}),
      sessionDefaults: {
        defaultAgentId: facts.defaultAgentId,
        mainKey: MAIN,
        mainSessionKey: `agent:${facts.defaultAgentId}:${MAIN}`,
        scope: "per-sender",
      },
    },
    ...(canvasUrl === undefined ? {} : { canvasHostUrl: canvasUrl, pluginSurfaceUrls: { canvas: canvasUrl } }),
    ...(admission === undefined ? {} : { auth: admission.auth }),
    policy: { maxPayload: MAX_FRAME_BYTES, maxBufferedBytes: MAX_BUFFERED_BYTES, tickIntervalMs: TICK_MS },
  };
}
