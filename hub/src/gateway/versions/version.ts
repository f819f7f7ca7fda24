import type { GatewayErrorBody, HelloOk, ProtocolVersion } from "@barnacle/protocol/gateway";

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
  /** The answer to `connect`, without the members that this version's clients do not know. */
  hello(hello: HelloOk): HelloOk;
  /** Why a refused connection is closed; older clients compare it. */
  closeReason(error: GatewayErrorBody): string;
}
