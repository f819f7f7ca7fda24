/** An address of this machine, IPv4 in IPv6 included. */
export function isLoopback(address: string | undefined): boolean {
  const plain = (address ?? "").replace(/^::ffff:/i, "");
  return plain === "::1" || plain.startsWith("127.");
}
