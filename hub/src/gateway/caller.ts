import type { ConnectParams } from "@barnacle/protocol/gateway";
import { type Admission, isPhoneApp } from "./handshake/index.ts";
import type { Caller } from "./methods/method.ts";

/** Who calls over a connection, once it is admitted. */
export function callerOf({ connId }: { readonly connId: string }, admission: Admission, params: ConnectParams): Caller {
  const { client } = params;
  const deviceId = admission.device?.deviceId;
  return {
    connId,
    role: admission.role,
    scopes: admission.scopes,
    ...(deviceId === undefined ? {} : { deviceId }),
    clientId: client.id,
    phoneApp: isPhoneApp(client),
    principal: {
      kind: admission.role,
      id: deviceId ?? `token:${client.id}`,
      name: admission.device?.displayName ?? client.displayName ?? client.id,
      scopes: admission.scopes,
    },
  };
}
