import manifest from "../package.json" with { type: "json" };

/** Version of the node agent, as told to the hub. */
export const AGENT_VERSION: string = manifest.version;
