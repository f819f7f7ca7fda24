import { createRequire } from "node:module";

const manifest = createRequire(import.meta.url)("../../package.json") as { version: string };

/** Of this package; sent at connect and printed by `--version`. */
export const VERSION = manifest.version;
