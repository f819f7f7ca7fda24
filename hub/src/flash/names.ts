import { BarnacleError } from "@barnacle/protocol/errors";

/** A host name made of what people call a room: "Küche oben" becomes `barnacle-kuche-oben`. */
export function hostNameOf(name: string): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return plain === "" ? "barnacle-node" : `barnacle-${plain}`.slice(0, 63).replace(/-+$/, "");
}

/** @throws USAGE */
export function checkHostName(name: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw new BarnacleError(
    "USAGE",
    `--hostname ${name}: lower-case letters, digits and hyphens, at most 63, were expected`,
  );
}

/** @throws USAGE */
export function checkUserName(name: string): string {
  if (/^[a-z_][a-z0-9_-]{0,30}$/.test(name) && name !== "root") return name;
  throw new BarnacleError("USAGE", `--user ${name}: a lower-case account name other than root was expected`);
}

/** The keys of a public key file, without comments. @throws USAGE for a private key, or a line that is none */
export function sshKeysIn(text: string, file: string): string[] {
  if (text.includes("PRIVATE KEY"))
    throw new BarnacleError("USAGE", `${file} is a private key; the public one ends with .pub`);
  const keys = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const wrong = keys.find((key) => !/^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [\x20-\x7e]*)?$/.test(key));
  if (keys.length === 0 || wrong !== undefined)
    throw new BarnacleError("USAGE", `${file}: lines such as "ssh-ed25519 AAAA… name" were expected`);
  return keys;
}
