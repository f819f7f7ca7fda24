export { authorityFingerprint, Fingerprint, HUB_NAME, siteName } from "./authority.ts";
export {
  PAIR_CHALLENGE_PATH,
  PAIR_PATH,
  PairAnswer,
  PairChallenge,
  PairChallengeRequest,
  PairRequest,
} from "./messages.ts";
export { NODE_SETUP_FILE, NodeSetup } from "./node-setup.ts";
export {
  readSetupCode,
  SETUP_ALPHABET,
  SETUP_SECRET_LETTERS,
  type SetupCode,
  setupLink,
  writeSetupCode,
} from "./setup-code.ts";
