/** Calls for help: routed by severity, told again until somebody acknowledges them. */
export {
  Escalations,
  type EscalationsOptions,
  type NewEscalation,
  type Notify,
  type Raised,
} from "./escalations.ts";
export type { EscalationPort } from "./port.ts";
export { type Escalation, type EscalationState, SEVERITIES, type Severity } from "./row.ts";
