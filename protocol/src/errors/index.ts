export {
  BarnacleError,
  type ErrorExtra,
  type ErrorShape,
  fromShape,
  hasCode,
  messageOf,
  systemCode,
  toBarnacleError,
} from "./error.ts";
export { ERROR_TABLE, type ErrorCode, type ErrorEntry, type GatewayErrorCode, isErrorCode } from "./table.ts";
