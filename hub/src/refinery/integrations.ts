import { BarnacleError } from "@barnacle/protocol/errors";
import type { Beads } from "../beads/index.ts";
import type { Store } from "../store/index.ts";
import { branchFrom, checkBranch } from "./branches.ts";
import { type IntegrationBranch, integrationBranches, integrationOf, integrationStatus } from "./integration.ts";
import type { Ask, Run, RunKind } from "./journal.ts";
import type { Workshop } from "./workshop.ts";

export interface IntegrationsOptions {
  readonly store: Store;
  readonly beads: Beads;
  readonly shop: (rig: string) => Workshop;
  readonly job: (who: string, rig: string, kind: RunKind, target: string, ask: Ask) => Promise<Run>;
}

export interface NewIntegration {
  readonly rig: string;
  readonly epic: string;
  /** Default: the rig's template with the epic's title. */
  readonly branch?: string | undefined;
  /** Default: the rig's first branch. */
  readonly base?: string | undefined;
}

/** Branches where the work of an epic is gathered, and their landing. */
export class Integrations {
  readonly #options: IntegrationsOptions;

  constructor(options: IntegrationsOptions) {
    this.#options = options;
  }

  /** @throws RIG_UNKNOWN, BEAD_UNKNOWN, INPUT_INVALID, CONFLICT (it has one), GIT_FAILED */
  async create(who: string, ask: NewIntegration): Promise<IntegrationBranch> {
    const { store, beads, shop } = this.#options;
    const { mirror, settings, rig } = shop(ask.rig);
    const { id: epic, title, issue_type } = beads.reads.get(ask.epic);
    if (issue_type !== "epic") throw new BarnacleError("INPUT_INVALID", `${epic} is no epic: it is a ${issue_type}`);
    const known = integrationBranches(store, rig.name).find((one) => one.epic === epic && one.landed === undefined);
    if (known) throw new BarnacleError("CONFLICT", `${epic} has the integration branch ${known.branch}`);
    const now = new Date(beads.reading().now());
    const values = { title, name: title, issue: epic, user: who, year: String(now.getUTCFullYear()) };
    const month = String(now.getUTCMonth() + 1).padStart(2, "0");
    const branch = ask.branch ?? branchFrom(settings.integration_branch_template, { ...values, month });
    checkBranch("branch", branch);
    const base = checkBranch("base", ask.base ?? rig.defaultBranch);
    const from = await mirror.refresh(base);
    if ((await mirror.branch(branch)) === undefined) await mirror.createBranch(branch, from);
    return beads.write(who, (writer) => {
      writer.sql.run(
        `INSERT INTO integration_branches (rig, branch, epic, base, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (rig, branch) DO UPDATE SET epic = excluded.epic, base = excluded.base, landed = NULL, landed_at = NULL`,
        ...[rig.name, branch, epic, base, writer.now, who],
      );
      writer.comment(epic, `its work is gathered on ${branch} and lands on ${base}`);
      return integrationOf(writer.sql, epic);
    });
  }

  /** @throws NOT_FOUND, CONFLICT (not all of it is done, or it conflicts), MERGE_RED, GIT_FAILED */
  async land(who: string, what: string, { force }: { readonly force?: boolean | undefined } = {}): Promise<Run> {
    const { store, job } = this.#options;
    const found = integrationOf(store, what);
    if (found.landed) throw new BarnacleError("CONFLICT", `${found.branch} landed already, in ${found.landed}`);
    const { ready, children, closed, open } = integrationStatus(store, found);
    if (!ready && !force) {
      const left = open.length === 0 ? "" : `; still to be merged into it: ${open.join(", ")}`;
      throw new BarnacleError(
        "CONFLICT",
        `${found.branch} is not ready: ${closed} of ${children} children are closed${left}`,
        {
          hint: "Wait for them, or land it as it is with --force.",
        },
      );
    }
    const { rig, branch, epic, base } = found;
    return job(who, rig, "land", base, { branch, epic });
  }

  /** Where the rig wants that: each whose work is all done. */
  async landReady(rig: string): Promise<void> {
    const { store, shop } = this.#options;
    if (!shop(rig).settings.integration_branch_auto_land) return;
    for (const found of integrationBranches(store, rig)) {
      if (found.landed === undefined && integrationStatus(store, found).ready) {
        await this.land(`${rig}/refinery`, found.branch);
      }
    }
  }
}
