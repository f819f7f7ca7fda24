import { BarnacleError } from "../errors/index.ts";
import { normaliseSetupCode } from "../identity/index.ts";

/** No 0, O, 1 or I: codes are read aloud and typed. 32 letters, so five bits choose one evenly. */
export const SETUP_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
export const SETUP_SECRET_LETTERS = 8;
/** 80 bits of the authority's fingerprint: too many to find another certificate that has them. */
const PIN_LETTERS = 16;
const PIN_HEX = (PIN_LETTERS * 5) / 4;

/** What a setup code says, however it was written. */
export interface SetupCode {
  /** Single use; goes to the hub, and only once the hub is known to be the right one. */
  readonly secret: string;
  /** How the fingerprint of the hub's authority begins, lower-case hex; absent in codes of a hub without TLS. */
  readonly authority?: string;
  readonly hub?: string;
}

/** To be typed: the secret and the beginning of the authority's fingerprint, in groups of four letters. */
export function writeSetupCode(secret: string, fingerprint?: string): string {
  const pin = fingerprint === undefined ? "" : lettersOf(fingerprint.slice(0, PIN_HEX));
  return `${normaliseSetupCode(secret)}${pin}`.replace(/(.{4})(?=.)/g, "$1-");
}

/** To be scanned: the same with the hub's address. */
export function setupLink(code: { secret: string; authority?: string | undefined; hub?: string | undefined }): string {
  const query = new URLSearchParams({ code: normaliseSetupCode(code.secret) });
  if (code.hub !== undefined) query.set("hub", code.hub);
  if (code.authority !== undefined) query.set("ca", code.authority);
  return `barnacle://pair?${query}`;
}

/** Reads what was typed or scanned. @throws INPUT_INVALID for a link that is none of these */
export function readSetupCode(text: string): SetupCode {
  if (/^barnacle:/i.test(text.trim())) return readLink(text.trim());
  const letters = normaliseSetupCode(text);
  if (letters.length !== SETUP_SECRET_LETTERS + PIN_LETTERS) return { secret: letters };
  const pin = letters.slice(SETUP_SECRET_LETTERS);
  return { secret: letters.slice(0, SETUP_SECRET_LETTERS), authority: hexOf(pin) };
}

function readLink(text: string): SetupCode {
  const query = URL.canParse(text) ? new URL(text).searchParams : new URLSearchParams();
  const [code, hub, authority] = [query.get("code"), query.get("hub"), query.get("ca")];
  if (!code || (authority !== null && !/^[0-9a-f]{20,64}$/.test(authority))) {
    throw new BarnacleError("INPUT_INVALID", "the setup link has no code, or its `ca` is not a fingerprint in hex");
  }
  if (hub !== null && !/^https?:\/\//.test(hub)) {
    throw new BarnacleError("INPUT_INVALID", `the setup link names the hub "${hub}"; http:// or https:// was expected`);
  }
  return {
    secret: normaliseSetupCode(code),
    ...(hub === null ? {} : { hub }),
    ...(authority === null ? {} : { authority }),
  };
}

function lettersOf(hex: string): string {
  const bits = BigInt(`0x${hex}`);
  return Array.from({ length: PIN_LETTERS }, (_, i) => {
    const at = BigInt((PIN_LETTERS - 1 - i) * 5);
    return SETUP_ALPHABET[Number((bits >> at) & 31n)];
  }).join("");
}

function hexOf(letters: string): string {
  let bits = 0n;
  for (const letter of letters) {
    const value = SETUP_ALPHABET.indexOf(letter);
    if (value < 0) throw new BarnacleError("INPUT_INVALID", `the setup code has a "${letter}", which none has`);
    bits = (bits << 5n) | BigInt(value);
  }
  return bits.toString(16).padStart(PIN_HEX, "0");
}
