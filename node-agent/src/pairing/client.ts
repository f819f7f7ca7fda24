import { BarnacleError, fromShape, messageOf } from "@barnacle/protocol/errors";
import { type DeviceIdentity, pairingProofText, signText } from "@barnacle/protocol/identity";
import {
  PAIR_CHALLENGE_PATH,
  PAIR_PATH,
  PairAnswer,
  PairChallenge,
  type PairRequest,
} from "@barnacle/protocol/pairing";
import { validator } from "@barnacle/protocol/schema";

const REQUEST_TIMEOUT_MS = 10_000;

const challengeShape = validator(PairChallenge);
const answerShape = validator(PairAnswer);

/** What a device says of itself when it asks to be paired. */
export type PairProfile = Pick<
  PairRequest,
  "name" | "room" | "platform" | "agentVersion" | "capabilities" | "commands"
>;

/** Sends a JSON body, gives the JSON answer and its status. */
export type PostJson = (
  url: string,
  body: unknown,
  signal: AbortSignal,
) => Promise<{ readonly status: number; readonly json: unknown }>;

export const postJson: PostJson = async (url, body, signal) => {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
  });
  const text = await answer.text();
  try {
    return { status: answer.status, json: JSON.parse(text) };
  } catch (error) {
    throw new BarnacleError("HUB_UNREACHABLE", `${url} answered ${answer.status} without JSON; is a hub there?`, {
      cause: error,
    });
  }
};

/**
 * One pairing attempt: challenge, then the signed request.
 * @throws HUB_UNREACHABLE, MESSAGE_MALFORMED, or the hub's own refusal (PAIRING_CODE_WRONG, PAIRING_LOCKED, DEVICE_BLOCKED …)
 */
export async function askToPair(
  options: {
    readonly hub: string;
    readonly identity: DeviceIdentity;
    readonly profile: PairProfile;
    readonly setupCode: string | undefined;
    readonly post?: PostJson;
  },
  signal: AbortSignal,
): Promise<PairAnswer> {
  const { hub, identity, profile, setupCode, post = postJson } = options;
  const send = async (path: string, body: unknown): Promise<unknown> => {
    const url = new URL(path, hub).href;
    let answer: Awaited<ReturnType<PostJson>>;
    try {
      answer = await post(url, body, signal);
    } catch (error) {
      if (error instanceof BarnacleError) throw error;
      throw new BarnacleError("HUB_UNREACHABLE", `${hub}: ${reasonOf(error)}`, { cause: error });
    }
    if (answer.status < 400) return answer.json;
    const refusal = (answer.json as { error?: unknown } | null)?.error;
    if (typeof refusal === "object" && refusal !== null) throw fromShape(refusal);
    throw new BarnacleError("HUB_UNREACHABLE", `${url} answered ${answer.status}; is a hub there?`);
  };
  const challenge = challengeShape.parse(
    await send(PAIR_CHALLENGE_PATH, { deviceId: identity.deviceId }),
    "pairing challenge",
    "MESSAGE_MALFORMED",
  );
  const signature = signText(identity, pairingProofText(challenge.site, identity.deviceId, challenge.nonce, setupCode));
  const request: PairRequest = {
    ...profile,
    device: { id: identity.deviceId, publicKey: identity.publicKey, nonce: challenge.nonce, signature },
    ...(setupCode === undefined ? {} : { setupCode }),
  };
  return answerShape.parse(await send(PAIR_PATH, request), "pairing answer", "MESSAGE_MALFORMED");
}

/** `fetch` hides the reason (`ECONNREFUSED …`) in the cause. */
function reasonOf(error: unknown): string {
  const cause = (error as { cause?: unknown } | null)?.cause;
  const text = cause === undefined ? messageOf(error) : messageOf(cause);
  return text === "" ? messageOf(error) : text;
}
