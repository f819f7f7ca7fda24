import type { ErrorCode } from "@barnacle/protocol/errors";

/** Whether a driver or engine can be used here, and if not, why. Asking never throws and never opens the device. */
export type Availability =
  | { readonly available: true; readonly detail?: string }
  | { readonly available: false; readonly code: ErrorCode; readonly reason: string; readonly hint?: string };
