import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import { type Method, method } from "./method.ts";

const DAY_MS = 86_400_000;
const FREE = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 };
const COSTS = { totalCost: 0, inputCost: 0, outputCost: 0, cacheReadCost: 0, cacheWriteCost: 0, missingCostEntries: 0 };
const NO_FILES = { partial: "always empty: agents here answer in text and leave no files" } as const;
const Which = { sessionKey: Type.Optional(Type.String()), artifactId: Type.String({ minLength: 1, maxLength: 300 }) };

export const usageMethods: readonly Method[] = [
  method({
    name: "usage.status",
    access: "read",
    support: { partial: "no provider's quota is asked; tokens are counted by usage.cost" },
    params: Type.Unknown(),
    run: (_params, { hub }) => ({ updatedAt: hub.clock.now(), providers: [] }),
  }),
  method({
    name: "usage.cost",
    access: "read",
    support: { partial: "tokens by day (UTC); the hub knows no prices, so costs are 0" },
    params: Type.Object({
      days: Type.Optional(Type.Number({ minimum: 1, maximum: 3660 })),
      startDate: Type.Optional(Type.String({ maxLength: 40 })),
    }),
    run({ days: wanted = 30, startDate }, { hub }) {
      const now = hub.clock.now();
      const from = startDate === undefined ? Number.NaN : Date.parse(startDate);
      const days = Number.isNaN(from) ? Math.floor(wanted) : Math.max(1, Math.ceil((now - from) / DAY_MS));
      const since = Math.floor(now / DAY_MS) * DAY_MS - (days - 1) * DAY_MS;
      const daily = hub.usage.daily(since).map((day) => ({ ...FREE, ...day, ...COSTS }));
      const sum = (name: "input" | "output" | "totalTokens") => daily.reduce((all, day) => all + day[name], 0);
      const totals = { ...FREE, input: sum("input"), output: sum("output"), totalTokens: sum("totalTokens"), ...COSTS };
      return { updatedAt: now, days, daily, totals };
    },
  }),
  method({
    name: "artifacts.list",
    access: "read",
    support: NO_FILES,
    params: Type.Unknown(),
    run: () => ({ artifacts: [] }),
  }),
  ...["artifacts.get", "artifacts.download"].map((name) =>
    method({
      name,
      access: "read",
      support: NO_FILES,
      params: Type.Object(Which),
      run({ artifactId }) {
        throw new BarnacleError("NOT_FOUND", `unknown artifact: ${artifactId.slice(0, 80)}`);
      },
    }),
  ),
];
