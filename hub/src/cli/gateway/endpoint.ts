import { readFileSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Io } from "../io.ts";
import { stateDirCandidates } from "../places.ts";
import { isObject } from "./wire.ts";

export interface Endpoint {
  /** `ws://` or `wss://`. */
  readonly url: string;
  readonly token?: string | undefined;
  /** Where it was learnt: shown when it cannot be reached. */
  readonly source: string;
}

export interface EndpointOptions {
  readonly fingerprint?: string | undefined;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly stateDir?: string | undefined;
}

const DEFAULT_URL = "ws://127.0.0.1:18789";

/**
 * The gateways to try, best first: `--url` and BARNACLE_URL name one; else every hub that left its address in a state
 * directory of this machine. A local hub's token goes to that hub's own address only, never to a given foreign one.
 * @throws USAGE for an address that is none, HUB_UNREACHABLE when a named state directory has no running hub
 */
export function endpoints(options: EndpointOptions, io: Io): Endpoint[] {
  const token = options.token ?? io.env.BARNACLE_TOKEN;
  const url = options.url ?? io.env.BARNACLE_URL;
  const local = (options.stateDir ? [options.stateDir] : stateDirCandidates(io)).flatMap(readHubFile);
  if (url) {
    const given = websocketUrl(url);
    const known = local.find((endpoint) => sameHost(endpoint.url, given));
    return [{ url: given, token: token ?? known?.token, source: options.url ? "--url" : "BARNACLE_URL" }];
  }
  const only = options.stateDir ?? io.env.BARNACLE_STATE_DIR;
  if (local.length === 0 && only)
    throw new BarnacleError("HUB_UNREACHABLE", `no hub runs with the state directory ${only}`, {
      hint: `Start one: barnacle hub --state-dir ${only}`,
    });
  if (local.length > 0) return local.map((endpoint) => ({ ...endpoint, token: token ?? endpoint.token }));
  return [{ url: DEFAULT_URL, token, source: "the default address" }];
}

function readHubFile(stateDir: string): Endpoint[] {
  const file = path.join(stateDir, "hub.json");
  try {
    const content: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (!isObject(content) || typeof content.url !== "string") return [];
    const token = typeof content.token === "string" ? content.token : undefined;
    return [{ url: websocketUrl(content.url), token, source: file }];
  } catch {
    // No hub has run there, or it is not ours to read: not a place to connect to.
    return [];
  }
}

function websocketUrl(text: string): string {
  const match = /^(?:(https?|wss?):\/\/)?((?:\[[0-9a-f:]+\]|[^/\s:]+)(?::\d+)?)(\/\S*)?$/i.exec(text);
  const url = match ? `${secure(match[1]) ? "wss" : "ws"}://${match[2]}${match[3] ?? ""}` : "";
  if (!URL.canParse(url))
    throw new BarnacleError("USAGE", `"${text}" is no hub address; expected one like ${DEFAULT_URL}`);
  return url.replace(/\/$/, "");
}

function secure(scheme: string | undefined): boolean {
  return scheme === "https" || scheme === "wss";
}

function sameHost(a: string, b: string): boolean {
  const [left, right] = [new URL(a), new URL(b)];
  const name = (url: URL): string => (url.hostname === "localhost" ? "127.0.0.1" : url.hostname);
  return left.protocol === right.protocol && name(left) === name(right) && left.port === right.port;
}
