import type { GatewayErrorBody, ProtocolVersion } from "@barnacle/protocol/gateway";

/**
 * One protocol version at the edge of a connection. Methods are written once, in today's shapes; what an older client must
 * see otherwise is changed here, on the way in and on the way out.
 */
export interface WireVersion {
  readonly protocol: ProtocolVersion;
  /** A request's parameters, in today's shape. */
  params(method: string, params: unknown): unknown;
  /** A result, as this version's clients read it. */
  result(method: string, result: unknown, params: unknown): unknown;
  error(body: GatewayErrorBody): GatewayErrorBody;
}
