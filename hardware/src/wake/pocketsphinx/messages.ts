import type { ErrorShape } from "@barnacle/protocol/errors";

/** To the process that listens. */
export type ToSpotter =
  | { readonly kind: "open"; readonly phrases: readonly string[] }
  | { readonly kind: "feed"; readonly samples: Int16Array }
  | { readonly kind: "reset" };

/** From it: one answer for each `open` and `feed`, in their order. */
export type FromSpotter =
  | { readonly kind: "done"; readonly phrase?: string }
  | { readonly kind: "failed"; readonly error: ErrorShape };
