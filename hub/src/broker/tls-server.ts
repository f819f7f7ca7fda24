import type { Socket } from "node:net";
import type { Server } from "node:tls";
import type { Counters } from "../services.ts";

/** What a TLS port needs of the hub's certificates. */
export interface TlsSource {
  readonly material: { readonly certificate: string; readonly key: string };
  readonly events: {
    on(event: "renewed", fn: (material: TlsSource["material"]) => void, owner: object): void;
    dropOwner(owner: object): void;
  };
}

const HANDSHAKE_MS = 10_000;

/**
 * A server that is not listening yet. A renewed certificate is shown to whoever connects next; connections that are there
 * keep theirs. The library is loaded by need: a hub that serves its own machine alone does without.
 */
export async function openTls(options: {
  readonly source: TlsSource;
  readonly owner: object;
  /** Sees each TCP connection first; false when it was refused. */
  readonly early: (socket: Socket) => boolean;
  readonly accept: (socket: Socket) => void;
  readonly counters: Counters;
}): Promise<Server> {
  const { source, owner, early, accept, counters } = options;
  const { createServer } = await import("node:tls");
  const { certificate, key } = source.material;
  const server = createServer({ cert: certificate, key, minVersion: "TLSv1.2", handshakeTimeout: HANDSHAKE_MS });
  server.prependListener("connection", (socket) => {
    early(socket);
  });
  server.on("secureConnection", accept);
  server.on("tlsClientError", (_error, socket) => {
    counters.add("mqtt.refused.tls");
    socket.destroy();
  });
  source.events.on("renewed", (next) => server.setSecureContext({ cert: next.certificate, key: next.key }), owner);
  return server;
}
