/** What a chart draws of its values, slot by slot; gaps stay gaps. */

export interface Drawn {
  xs: number[]; // s
  columns: (number | null)[][];
  /** Which of the spec's xs each drawn one belongs to. */
  slots: number[];
}

/** What is drawn: with slots, the last value before a gap and before the end is held until its slot is over. */
export function drawnOf(
  xs: readonly number[],
  columns: readonly (readonly (number | null)[])[],
  slotMs: number | undefined,
): Drawn {
  const drawn: Drawn = { xs: [], columns: columns.map(() => []), slots: [] };
  const push = (ms: number, slot: number): void => {
    drawn.xs.push(ms / 1000);
    drawn.slots.push(slot);
    columns.forEach((column, number) => drawn.columns[number]?.push(column[slot] ?? null));
  };
  xs.forEach((ms, slot) => {
    push(ms, slot);
    const ends = columns.some((column) => (column[slot] ?? null) !== null && (column[slot + 1] ?? null) === null);
    if (slotMs !== undefined && ends) push(ms + slotMs - 1, slot);
  });
  return drawn;
}
