/** What a browser sees that comes to the hub's port. */
export function frontPage(hubName: string, version: string): string {
  return [
    `${hubName}: a Barnacle hub, version ${version}.`,
    "",
    "This port speaks the Moltbot gateway protocol (WebSocket, any path) and pairs nodes.",
    "  GET /health   alive",
    "  GET /ready    able to serve",
    "",
    "From a shell on this machine (in a checkout of the sources: npx barnacle ...):",
    "  barnacle status            how the hub is",
    "  barnacle devices list      who is paired",
    "  barnacle devices code      a setup code for a new node",
    "",
  ].join("\n");
}
