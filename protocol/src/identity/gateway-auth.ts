/** What a gateway client signs at connect. Source: gateway protocols 3 and 4, "signed payload". */
export interface DeviceAuthFields {
  readonly deviceId: string;
  readonly clientId: string;
  readonly clientMode: string;
  readonly role: string;
  /** Exactly as requested, in the order sent. */
  readonly scopes: readonly string[];
  readonly signedAtMs: number;
  /** The token that the client connects with; a password is never signed. */
  readonly token?: string | undefined;
  /** From `connect.challenge`; absent in payload v1 only. */
  readonly nonce?: string | undefined;
  /** Part of payload v3 only. */
  readonly platform?: string | undefined;
  readonly deviceFamily?: string | undefined;
}

/** 1: without a nonce, accepted from loopback only. 2: Moltbot and older OpenClaw. 3: today's OpenClaw. */
export type DeviceAuthVersion = 1 | 2 | 3;

export function deviceAuthPayload(
  fields: DeviceAuthFields,
  version: DeviceAuthVersion = fields.nonce === undefined ? 1 : 2,
): string {
  const parts = [
    `v${version}`,
    fields.deviceId,
    fields.clientId,
    fields.clientMode,
    fields.role,
    fields.scopes.join(","),
    String(fields.signedAtMs),
    fields.token ?? "",
  ];
  if (version >= 2) parts.push(fields.nonce ?? "");
  if (version === 3) parts.push(plain(fields.platform), plain(fields.deviceFamily));
  return parts.join("|");
}

/** Trimmed, and lower case in ASCII alone: every client must come to the same bytes, whatever its locale. */
function plain(text = ""): string {
  return text.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
