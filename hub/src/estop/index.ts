/** The emergency stop: one state, one place that refuses (the policy), and what it holds. */
export {
  EmergencyStop,
  type StopAnswer,
  type StopCall,
  type Stoppable,
  type StopReport,
  stopChange,
  stopState,
} from "./estop.ts";
export { HARMLESS, STOPPER } from "./harmless.ts";
export { SafeOutputs } from "./safe-outputs.ts";
export { stopText } from "./text.ts";
