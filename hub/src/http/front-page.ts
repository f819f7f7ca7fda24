/** What a browser sees that comes to the hub's port. */
export function frontPage(hubName: string, version: string): string {
  return [
    `${hubName}: a Barnacle hub, version ${version}.`,
    "",
    "This port speaks the Moltbot gateway protocol (WebSocket, any path) and pairs nodes.",
    "  GET /health               alive",
    "  GET /ready                able to serve",
    "  GET /metrics              for Prometheus",
    "  GET /api/dashboard/...    work, with the hub's token: overview, convoys, agents, beads, metrics, events",
    "  POST /v1/..., /mcp        for programs that speak OpenAI's interface, for coding agents",
    "",
    "From a shell on this machine (in a checkout of the sources: npx barnacle ...):",
    "  barnacle status            how the hub is",
    "  barnacle devices list      who is paired",
    "  barnacle devices code      a setup code for a new node",
    "  barnacle town status       who works on what",
    "",
  ].join("\n");
}
