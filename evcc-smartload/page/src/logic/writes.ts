/** The log of writes: what of it is shown. */

import type { StageName, WriteOutcome, WriteRecord } from "../model";

export interface WriteFilter {
  setting: string | null; // null: all
  stage: StageName | null;
  outcome: WriteOutcome | null;
}

export const ALL_WRITES: WriteFilter = { setting: null, stage: null, outcome: null };

export function filtered(writes: readonly WriteRecord[], { setting, stage, outcome }: WriteFilter): readonly WriteRecord[] {
  return writes.filter(
    (write) =>
      (setting === null || write.setting === setting) && (stage === null || write.stage === stage) && (outcome === null || write.outcome === outcome),
  );
}

/** What can be chosen: only what occurs. */
export function choices<K extends "setting" | "stage" | "outcome">(writes: readonly WriteRecord[], key: K): WriteRecord[K][] {
  return [...new Set(writes.map((write) => write[key]))].sort();
}

/** evcc took another value than the one that was wanted; unknown until it has answered. */
export function wasAdjusted({ wanted, accepted }: Pick<WriteRecord, "wanted" | "accepted">): boolean {
  return accepted !== null && accepted !== wanted;
}
