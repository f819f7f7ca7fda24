/**
 * Who connects. The protocol was shipped under three product names; clients of all of them are welcome.
 * Source: Moltbot gateway protocol 3, client ids and modes.
 */
export const CLIENT_BRANDS = ["clawdbot", "moltbot", "openclaw"] as const;

/** The second line came with protocol 4. */
const BRANDED = [
  ...["control-ui", "macos", "ios", "android", "probe"],
  ...["tui", "linux", "watchos", "browser-copilot", "worker"],
] as const;
const UNBRANDED = ["webchat-ui", "webchat", "cli", "gateway-client", "node-host", "test", "fingerprint"] as const;

export const CLIENT_IDS: readonly string[] = [
  ...UNBRANDED,
  ...CLIENT_BRANDS.flatMap((brand) => BRANDED.map((kind) => `${brand}-${kind}`)),
];

export const CLIENT_MODES = ["webchat", "cli", "ui", "backend", "node", "worker", "probe", "test"] as const;

/** The browser control UI, of any brand. */
export function isControlUi(clientId: string): boolean {
  return clientId.endsWith("-control-ui");
}

/** Browsers' own clients: they are told about tokens in their own words. */
export function isWebClient(clientId: string, mode: string): boolean {
  return isControlUi(clientId) || clientId.startsWith("webchat") || mode === "webchat";
}
