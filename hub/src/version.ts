import { createRequire } from "node:module";

const manifest = createRequire(import.meta.url)("../package.json") as { version: string };

/** Of the hub's package. */
export const HUB_VERSION = manifest.version;
