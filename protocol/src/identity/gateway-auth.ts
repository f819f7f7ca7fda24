/** What a gateway client signs at connect. Source: Moltbot gateway protocol 3, "signed payload". */
export interface DeviceAuthFields {
  readonly deviceId: string;
  readonly clientId: string;
  readonly clientMode: string;
  readonly role: string;
  /** Exactly as requested, in the order sent. */
  readonly scopes: readonly string[];
  readonly signedAtMs: number;
  /** Whatever is in `auth.token`; a password is never signed. */
  readonly token?: string | undefined;
  /** From `connect.challenge`; absent: payload v1, accepted from loopback only. */
  readonly nonce?: string | undefined;
}

export function deviceAuthPayload(fields: DeviceAuthFields): string {
  const parts = [
    fields.nonce === undefined ? "v1" : "v2",
    fields.deviceId,
    fields.clientId,
    fields.clientMode,
    fields.role,
    fields.scopes.join(","),
    String(fields.signedAtMs),
    fields.token ?? "",
  ];
  if (fields.nonce !== undefined) parts.push(fields.nonce);
  return parts.join("|");
}
