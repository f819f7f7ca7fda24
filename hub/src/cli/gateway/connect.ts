import { BarnacleError, hasCode } from "@barnacle/protocol/errors";
import { loadOrCreateIdentity } from "@barnacle/protocol/identity";
import type { Io } from "../io.ts";
import { clientDir } from "../places.ts";
import { VERSION } from "../version.ts";
import { GatewayClient } from "./client.ts";
import { type EndpointOptions, endpoints } from "./endpoint.ts";

/** Connects to the first hub that answers. @throws HUB_UNREACHABLE naming every address that was tried */
export async function connect(options: EndpointOptions, io: Io): Promise<GatewayClient> {
  const candidates = endpoints(options, io);
  const identity = loadOrCreateIdentity(clientDir(io));
  const fingerprint = options.fingerprint ?? io.env.BARNACLE_FINGERPRINT;
  const failures: string[] = [];
  for (const { url, token, source } of candidates) {
    const client = new GatewayClient({ url, token, fingerprint, identity, version: VERSION });
    try {
      await client.open();
      return client;
    } catch (error) {
      await client.close();
      if (!hasCode(error, "HUB_UNREACHABLE")) throw error;
      failures.push(`${error.message}, from ${source}`);
    }
  }
  throw new BarnacleError("HUB_UNREACHABLE", failures.join("; "), {
    hint: "Start a hub with `barnacle hub` or `barnacle demo`, or name one with --url or --state-dir.",
  });
}

/** Runs `fn` on a connection that is closed afterwards, whatever happens. */
export async function withHub<T>(
  options: EndpointOptions,
  io: Io,
  fn: (client: GatewayClient) => Promise<T>,
): Promise<T> {
  const client = await connect(options, io);
  try {
    return await fn(client);
  } finally {
    await client.close();
  }
}
