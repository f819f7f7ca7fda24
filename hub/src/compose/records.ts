import type { Clock, Log, Random, Unit } from "@barnacle/protocol/runtime";
import { AskingGate, StoredApprovals, StoredExecApprovalsFile } from "../approvals/index.ts";
import type { AuditTrail } from "../audit/index.ts";
import type { Conditions } from "../beads/index.ts";
import { LazyBeads } from "../beads/lazy.ts";
import { JournalLedger } from "../commands/index.ts";
import { defaultConfigFile, type HubConfig, secretsIn, YamlConfigFile } from "../config/index.ts";
import { EmergencyStop } from "../estop/index.ts";
import { HubLifecycle } from "../lifecycle/index.ts";
import type { RotatedLogFile } from "../logs/index.ts";
import { StoredOwner } from "../owner/index.ts";
import { HousePolicy } from "../policy/index.ts";
import { StoredQuestions } from "../questions/index.ts";
import type { Principal } from "../services.ts";
import type { Store } from "../store/index.ts";

export interface RecordPartsOptions {
  readonly config: HubConfig;
  readonly configFile?: string | undefined;
  readonly store: Store;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly logFile: RotatedLogFile;
  readonly restart?: ((reason: string) => void) | undefined;
  /** What gates of beads may wait for in the home. */
  readonly conditions?: Conditions | undefined;
  /** Whether somebody is connected who may approve what `asker` wants. */
  readonly canApprove: (asker: Principal, selfApprove: boolean) => boolean;
}

/** What is written down and asked: configuration, policy, approvals, questions, the owner. */
export function recordParts(options: RecordPartsOptions) {
  const { config, store, audit, clock, random, log, logFile, canApprove } = options;
  const file = options.configFile ?? defaultConfigFile(store.stateDir);
  const configFile = new YamlConfigFile({ file, running: config, audit, log });
  const estop = new EmergencyStop({ store, audit, clock, log });
  const policy = new HousePolicy({ rules: config.policy.rules, estop });
  configFile.events.on("changed", () => policy.use((configFile.running() as HubConfig).policy.rules));
  const settings = () => (configFile.running() as HubConfig).approvals;
  const approvals = new StoredApprovals({ store, audit, clock, random, settings });
  const gate = new AskingGate({ approvals, canAnswer: (asker) => canApprove(asker, settings().selfApprove) });
  const questions = new StoredQuestions({ store, clock, random });
  const owner = new StoredOwner({ store, clock });
  const lifecycle = new HubLifecycle({ clock, log, restart: options.restart });
  const execApprovals = new StoredExecApprovalsFile({ stateDir: store.stateDir, audit });
  const ledger = new JournalLedger(store);
  const beads = new LazyBeads({ store, clock, random, log, conditions: options.conditions });
  const hidden = () => logFile.hide(secretsIn(configFile.running()));
  hidden();
  configFile.events.on("changed", hidden);
  const units: readonly Unit[] = [logFile, estop, lifecycle, owner, approvals, questions, beads];
  return {
    services: {
      beads,
      estop,
      configFile,
      policy,
      approvals,
      questions,
      owner,
      lifecycle,
      execApprovals,
      ledger,
      logFile,
    },
    gate,
    units,
  };
}
