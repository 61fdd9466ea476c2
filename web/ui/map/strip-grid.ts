/** Where the parts of a file stand in the strip: cells in rows, as large as fits. */
export interface StripGrid {
  readonly columns: number;
  readonly rows: number;
  /** Edge of a cell with its gap, CSS pixels. */
  readonly cell: number;
}

const MIN_CELL = 5;
const MAX_CELL = 24;
/** The strip is about so high where cells need not be smaller than can be seen. */
const HEIGHT = 240;

export function stripGrid(count: number, width: number): StripGrid {
  if (count === 0 || width < MIN_CELL) return { columns: 1, rows: 0, cell: MIN_CELL };
  const fitting = Math.floor(Math.sqrt((width * HEIGHT) / count));
  const cell = Math.max(MIN_CELL, Math.min(MAX_CELL, fitting));
  const columns = Math.max(1, Math.floor(width / cell));
  return { columns, rows: Math.ceil(count / columns), cell };
}

/** The cell at a point; null where there is none. */
export function cellAt({ columns, cell }: StripGrid, count: number, x: number, y: number): number | null {
  const column = Math.floor(x / cell);
  const index = Math.floor(y / cell) * columns + column;
  return column >= 0 && column < columns && index >= 0 && index < count ? index : null;
}
