/** Processor time since boot, in kernel ticks. */
export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** The "cpu" line of /proc/stat: user nice system idle iowait irq softirq steal (guest time is inside user). */
export function parseCpuTimes(stat: string): CpuTimes | undefined {
  const line = /^cpu\s+(.+)$/m.exec(stat)?.[1];
  const fields = line?.trim().split(/\s+/).slice(0, 8).map(Number);
  if (!fields || fields.length < 4 || fields.some((field) => !Number.isFinite(field))) return undefined;
  const total = fields.reduce((sum, field) => sum + field, 0);
  return { total, busy: total - (fields[3] ?? 0) - (fields[4] ?? 0) };
}

/** Share of all cores between two readings, 0 to 100; undefined when no time passed. */
export function usedPercent(before: CpuTimes, after: CpuTimes): number | undefined {
  const total = after.total - before.total;
  if (total <= 0) return undefined;
  // iowait may count backwards, so the difference can leave the range by a tick.
  const share = Math.min(1, Math.max(0, (after.busy - before.busy) / total));
  return Math.round(share * 1000) / 10;
}

export function countCores(stat: string): number | undefined {
  return stat.match(/^cpu\d+ /gm)?.length;
}
