import { BarnacleError, messageOf, systemCode } from "@barnacle/protocol/errors";

/** Names a failed `listen`. */
export function bindFailure(what: string, host: string, port: number, error: unknown): BarnacleError {
  const where = `${what} on ${host}:${port}`;
  if (systemCode(error) === "EADDRINUSE") {
    return new BarnacleError("PORT_BUSY", `${where}: the port is already in use`, { details: { host, port } });
  }
  return new BarnacleError("BIND_REFUSED", `${where}: ${messageOf(error)}`, { details: { host, port }, cause: error });
}
