import { existsSync, realpathSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";

/** Where a rig's repository comes from. */
export interface Origin {
  /** What git is given and what is shown: it holds no secret. */
  readonly url: string;
  /** User and password of the address, for git alone. */
  readonly credential?: { readonly user: string; readonly password: string };
}

/** Ways to fetch that run no program of the address's choice. */
export const PROTOCOLS = ["file", "https", "ssh", "git"] as const;

/**
 * A path, `https://`, `ssh://`, `git://`, `file://` or `user@host:path`.
 * @param base directory of a relative path
 * @throws INPUT_INVALID naming what is wrong, never with the secret of an address
 */
export function parseOrigin(text: string, base: string): Origin {
  if (text === "" || text.length > 2000 || /[\s\p{Cc}]/u.test(text)) {
    throw invalid("expected a path or an address without spaces, of at most 2000 characters");
  }
  if (text.startsWith("-")) throw invalid("begins with a dash; for a path write ./ in front");
  if (/^[a-z][a-z0-9+.-]*::/i.test(text)) throw invalid(`${text.split("::")[0]}:: names a helper program`);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined) return address(text, scheme);
  const scp = /^(?:([A-Za-z0-9._-]+)@)?([A-Za-z0-9._-]+):(?!\/\/)(.+)$/.exec(text);
  if (scp && !existsSync(path.resolve(base, text))) {
    if ([scp[1], scp[2], scp[3]].some((part) => part?.startsWith("-"))) throw invalid("a part begins with a dash");
    return { url: text };
  }
  return local(path.resolve(base, text));
}

/** An address or a message without user and password. */
export function maskUrls(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/\s'"@]*(?:@[^/\s'"@]*)*@/gi, "$1***@");
}

function address(text: string, scheme: string): Origin {
  if (!(PROTOCOLS as readonly string[]).includes(scheme)) {
    throw invalid(`${scheme}:// is not allowed; expected one of ${PROTOCOLS.join(", ")}, or a path`);
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid("is no address");
  }
  if (url.search !== "" || url.hash !== "") throw invalid("an address with ? or # is not taken");
  if (scheme === "file") return local(decodeURIComponent(url.pathname));
  if (url.hostname === "" || url.hostname.startsWith("-") || url.username.startsWith("-")) {
    throw invalid("the host is missing, or a part begins with a dash");
  }
  const { username, password } = url;
  if (scheme !== "https") {
    if (password !== "") throw invalid(`a password in an ${scheme}:// address is not taken; use a key`);
    return { url: text };
  }
  url.username = "";
  url.password = "";
  if (username === "" && password === "") return { url: text };
  return {
    url: url.href,
    credential: { user: decodeURIComponent(username), password: decodeURIComponent(password) },
  };
}

function local(directory: string): Origin {
  if (existsSync(directory)) return { url: realpathSync(directory) };
  throw invalid(`${directory} is not there`);
}

function invalid(text: string): BarnacleError {
  return new BarnacleError("INPUT_INVALID", `repository: ${text}`);
}
