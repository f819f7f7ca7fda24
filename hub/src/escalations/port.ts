/** How other parts of the town call for help. */
export interface EscalationPort {
  raise(
    who: string,
    escalation: {
      readonly severity: "critical" | "high" | "medium" | "low";
      readonly subject: string;
      readonly reason?: string;
      readonly source?: string;
      readonly bead?: string;
      readonly key?: string;
    },
  ): Promise<unknown>;
}
