const SECRET = /token|secret|password|passphrase|accesskey|apikey|privatekey|credential/i;
const MASK = "***";

/** A copy in which every member with the name of a secret is masked, however deep it is. */
export function redacted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redacted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      SECRET.test(name) && member !== undefined && member !== null ? MASK : redacted(member),
    ]),
  );
}
