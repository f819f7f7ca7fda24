export { type ApprovalSettings, StoredApprovals } from "./approvals.ts";
export { StoredExecApprovalsFile } from "./exec-file.ts";
export { AskingGate } from "./gate.ts";
