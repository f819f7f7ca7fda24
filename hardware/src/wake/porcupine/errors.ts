import { BarnacleError, type ErrorCode, messageOf } from "@barnacle/protocol/errors";

/**
 * Porcupine's own errors in the family's words. Its message for a malformed key contains the key, so every message is
 * redacted, and the original error is not kept as cause.
 */
export function porcupineError(error: unknown, accessKey: string | undefined): BarnacleError {
  const name = error instanceof Error ? error.constructor.name : "";
  const message = redact(messageOf(error), accessKey);
  return new BarnacleError(codeOf(name, message), `Porcupine: ${message}`);
}

function codeOf(name: string, message: string): ErrorCode {
  if (/Activation|KeyError/.test(name) || /access ?key/i.test(message)) return "LICENCE_KEY";
  if (/File not found/i.test(message)) return "MODEL_MISSING";
  if (name === "RangeError") return "CONFIG_INVALID";
  if (/InvalidArgument|IOError|PvArgument|PvIo/i.test(name)) return "MODEL_INVALID";
  return "HARDWARE_UNAVAILABLE";
}

function redact(message: string, accessKey: string | undefined): string {
  const plain = accessKey ? message.replaceAll(accessKey, "[access key]") : message;
  // A key that was cut or quoted differently is still a long run of base64; file paths keep their separators.
  return plain.replaceAll(/(?<![\w/.-])[A-Za-z0-9+/]{40,}={0,2}/g, "[access key]");
}
