import { pbkdf2Sync } from "node:crypto";
import { BarnacleError } from "@barnacle/protocol/errors";

/** IEEE 802.11-2020, J.4: how a passphrase becomes a key. */
const ROUNDS = 4096;
const KEY_BYTES = 32;

export interface Wifi {
  readonly ssid: string;
  /** The derived key, 64 hex digits: the passphrase itself, which people use elsewhere too, stays off the card. */
  readonly psk: string;
  /** ISO 3166, upper case: without it a Pi keeps its radio off. */
  readonly country: string;
  readonly hidden: boolean;
}

/** @throws USAGE naming what is wrong; the password is never part of it */
export function wifiOf(given: { ssid: string; password: string; country: string; hidden: boolean }): Wifi {
  const { ssid, password, hidden } = given;
  const length = Buffer.byteLength(ssid);
  if (length < 1 || length > 32 || /[\p{Cc}]/u.test(ssid))
    throw new BarnacleError(
      "USAGE",
      `the Wi-Fi name has ${length} bytes; 1 to 32, without control characters, are possible`,
    );
  const country = given.country.toUpperCase();
  if (!/^[A-Z]{2}$/.test(country))
    throw new BarnacleError("USAGE", `--country ${given.country}: two letters such as DE were expected`);
  if (/^[0-9a-f]{64}$/i.test(password)) return { ssid, psk: password.toLowerCase(), country, hidden };
  if (!/^[\x20-\x7e]{8,63}$/.test(password))
    throw new BarnacleError(
      "USAGE",
      `the Wi-Fi password has ${password.length} characters; 8 to 63 of ASCII, or 64 hex digits, were expected`,
    );
  return { ssid, psk: pbkdf2Sync(password, ssid, ROUNDS, KEY_BYTES, "sha1").toString("hex"), country, hidden };
}
