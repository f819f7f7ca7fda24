import { BarnacleError, fromShape, messageOf } from "@barnacle/protocol/errors";
import { type DeviceIdentity, pairingProofText, signText } from "@barnacle/protocol/identity";
import {
  authorityFingerprint,
  PAIR_CHALLENGE_PATH,
  PAIR_PATH,
  PairAnswer,
  PairChallenge,
  type PairRequest,
} from "@barnacle/protocol/pairing";
import { validator } from "@barnacle/protocol/schema";
import type { PostJson } from "./post-json.ts";
import type { Trust } from "./secure-socket.ts";

const challengeShape = validator(PairChallenge);
const answerShape = validator(PairAnswer);

/** What a device says of itself when it asks to be paired. */
export type PairProfile = Pick<
  PairRequest,
  "name" | "room" | "platform" | "agentVersion" | "capabilities" | "commands"
>;

/** What the hub said, and the certificate of the authority under which it did; undefined over plain text. */
export interface Asked {
  readonly answer: PairAnswer;
  readonly authority: string | undefined;
}

/**
 * One pairing attempt: challenge, then the signed request. The authority seen at the challenge is pinned for the request,
 * which carries the secret, and is signed with it.
 * @throws HUB_UNREACHABLE, HUB_UNTRUSTED, MESSAGE_MALFORMED, or the hub's own refusal (PAIRING_CODE_WRONG, PAIRING_LOCKED, DEVICE_BLOCKED …)
 */
export async function askToPair(
  options: {
    readonly hub: string;
    readonly identity: DeviceIdentity;
    readonly profile: PairProfile;
    readonly setupCode: string | undefined;
    readonly trust: Trust;
    readonly post: PostJson;
  },
  signal: AbortSignal,
): Promise<Asked> {
  const { hub, identity, profile, setupCode, post } = options;
  let { trust } = options;
  const send = async (path: string, body: unknown): Promise<unknown> => {
    const url = new URL(path, hub).href;
    let answer: Awaited<ReturnType<PostJson>>;
    try {
      answer = await post(url, body, signal, trust);
    } catch (error) {
      if (error instanceof BarnacleError) throw error;
      throw new BarnacleError("HUB_UNREACHABLE", `${hub}: ${messageOf(error)}`, { cause: error });
    }
    if (answer.authority !== undefined) trust = { authority: answer.authority };
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
  const { authority } = trust;
  const seen = authority === undefined ? undefined : authorityFingerprint(authority);
  const text = pairingProofText(challenge.site, identity.deviceId, challenge.nonce, setupCode, seen);
  const request: PairRequest = {
    ...profile,
    device: {
      id: identity.deviceId,
      publicKey: identity.publicKey,
      nonce: challenge.nonce,
      signature: signText(identity, text),
    },
    ...(setupCode === undefined ? {} : { setupCode }),
    ...(seen === undefined ? {} : { authority: seen }),
  };
  return {
    answer: answerShape.parse(await send(PAIR_PATH, request), "pairing answer", "MESSAGE_MALFORMED"),
    authority,
  };
}
