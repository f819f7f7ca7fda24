import type { Operations, TownCall, TownReading } from "../town/operations.ts";
import { listWorkspaces, type Workspace } from "./table.ts";
import type { NewWorkspace } from "./workspaces.ts";

export interface ListedWorkspace extends Workspace {
  readonly rigs: readonly string[];
}

export const READS = {
  list: ({ sql }: TownReading): ListedWorkspace[] => {
    const rigs = sql.all("SELECT name, workspace FROM rigs WHERE state NOT IN ('adding', 'removing') ORDER BY name");
    return listWorkspaces(sql).map((one) => ({
      ...one,
      rigs: rigs.filter(({ workspace }) => workspace === one.name).map(({ name }) => String(name)),
    }));
  },
} satisfies Operations["READS"];

export const WRITES = {
  init: { alone: true, run: ({ town, who }: TownCall, given: NewWorkspace) => town.workspaces.init(who, given) },
  remove: {
    alone: true,
    run: ({ town, who }: TownCall, { name }: { readonly name: string }) => town.workspaces.remove(who, name),
  },
} satisfies Operations["WRITES"];
