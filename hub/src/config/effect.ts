/** Keys that the running hub takes over when the file changes; all others count from the next start. */
const AT_ONCE = ["approvals", "policy", "ui"];

export function takesEffect(path: string): "hot" | "restart" {
  const head = path.split(".")[0] ?? "";
  return AT_ONCE.includes(head) ? "hot" : "restart";
}
