import type { WireVersion } from "./version.ts";

/** Today's OpenClaw: what the methods speak already. */
export const v4: WireVersion = {
  protocol: 4,
  params: (_method, params) => params,
  result: (_method, result) => result,
  error: (body) => body,
};
