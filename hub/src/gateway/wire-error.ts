import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import { type GatewayErrorBody, toGatewayError, type WireText } from "@barnacle/protocol/gateway";

/** An error of ours for which the wire has words of its own. */
export class WireError extends BarnacleError {
  readonly wire: WireText;

  constructor(error: BarnacleError, wire: WireText) {
    super(error.code, error.message, { details: error.details, hint: error.hint, cause: error });
    this.name = "WireError";
    this.wire = wire;
  }
}

/** Whatever a method threw, as the `error` of its response. */
export function wireErrorOf(error: unknown): GatewayErrorBody {
  if (error instanceof WireError) return toGatewayError(error, error.wire);
  return toGatewayError(toBarnacleError(error));
}
