import fc from "fast-check";
import t from "tap";
import { BarnacleError, ERROR_TABLE, type ErrorCode } from "../errors/index.ts";
import { validator } from "../schema/index.ts";
import {
  CLIENT_IDS,
  ConnectParams,
  closeReason,
  fromGatewayError,
  type GatewayErrorBody,
  isControlUi,
  isWebClient,
  RequestFrame,
  toGatewayError,
} from "./index.ts";

t.test("every error survives the way over the wire, whatever words the wire uses for it", async () => {
  const codes = Object.keys(ERROR_TABLE) as ErrorCode[];
  fc.assert(
    fc.property(
      fc.constantFrom(...codes),
      fc.string({ minLength: 1 }),
      fc.option(fc.string({ minLength: 1 })),
      (code, message, words) => {
        const error = new BarnacleError(code, message, { details: { line: 17 } });
        const wire = toGatewayError(error, words === null ? {} : { message: words, details: { reason: "x" } });
        const back = fromGatewayError(JSON.parse(JSON.stringify(wire)) as GatewayErrorBody);
        return back.code === code && back.message === message && back.hint === error.hint && back.details?.line === 17;
      },
    ),
  );
});

t.test("errors of other gateways are known by their text", async (t) => {
  const cases: [string, string, ErrorCode][] = [
    ["INVALID_REQUEST", "unauthorized: gateway token mismatch (provide gateway auth token)", "UNAUTHORIZED"],
    ["INVALID_REQUEST", "missing scope: operator.admin", "FORBIDDEN"],
    ["INVALID_REQUEST", "unauthorized role: node", "FORBIDDEN"],
    ["INVALID_REQUEST", "unknown method: x", "METHOD_UNKNOWN"],
    ["INVALID_REQUEST", "unknown nodeId", "DEVICE_UNKNOWN"],
    ["INVALID_REQUEST", "unknown requestId", "REQUEST_UNKNOWN"],
    ["INVALID_REQUEST", "device nonce mismatch", "PROOF_INVALID"],
    ["INVALID_REQUEST", "protocol mismatch", "PROTOCOL_MISMATCH"],
    ["INVALID_REQUEST", "node command not allowed", "POLICY_DENIED"],
    ["INVALID_REQUEST", "something else", "INPUT_INVALID"],
    ["NOT_PAIRED", "pairing required", "NOT_PAIRED"],
    ["UNAVAILABLE", "node not connected", "DEVICE_OFFLINE"],
    ["UNAVAILABLE", "node invoke timed out", "COMMAND_TIMEOUT"],
    ["UNAVAILABLE", "CAMERA_DISABLED: off", "COMMAND_FAILED"],
  ];
  for (const [code, message, expected] of cases) t.equal(fromGatewayError({ code, message }).code, expected, message);
  t.equal(toGatewayError(new BarnacleError("TIMEOUT", "")).message, ERROR_TABLE.TIMEOUT.summary);
});

t.test("clients of all three names are known, and unknown members are ignored", async (t) => {
  const check = validator(ConnectParams);
  const params = (id: string) => ({
    ...{ minProtocol: 3, maxProtocol: 4, coreVersion: "9" },
    client: { id, version: "1", platform: "linux", mode: "ui", uiVersion: "2" },
  });
  for (const id of CLIENT_IDS) t.ok(check.check(params(id)), id);
  t.ok(["clawdbot-macos", "moltbot-ios", "openclaw-control-ui"].every((id) => CLIENT_IDS.includes(id)));
  t.notOk(check.check(params("ios-node")));
  t.ok(isControlUi("clawdbot-control-ui"));
  t.same(
    [isWebClient("webchat-ui", "ui"), isWebClient("test", "webchat"), isWebClient("cli", "cli")],
    [true, true, false],
  );
  t.notOk(validator(RequestFrame).check({ type: "req", id: "", method: "x" }));
});

t.test("a close reason fits its frame and never ends in half a character", async () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
      const reason = closeReason(text);
      return Buffer.byteLength(reason) <= 120 && text.startsWith(reason);
    }),
  );
});
