import { REPLICAS } from '../../../shared/limits.ts';
import type { PictureColours } from '../network/picture-colours.ts';
import type { StripGrid } from './strip-grid.ts';

/**
 * Draws each part as a cell that is as full as it has copies, so that what lacks some can be told without colours; the chosen one
 * has a frame. `copies` in the order of the cells.
 */
export function drawStrip(
  canvas: HTMLCanvasElement,
  { columns, rows, cell }: StripGrid,
  copies: readonly number[],
  chosen: number | null,
  colours: PictureColours,
): void {
  const scale = devicePixelRatio;
  canvas.width = Math.round(columns * cell * scale);
  canvas.height = Math.round(rows * cell * scale);
  canvas.style.width = `${columns * cell}px`;
  canvas.style.height = `${rows * cell}px`;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.scale(scale, scale);
  const edge = cell - (cell > 8 ? 2 : 1);
  for (const [i, count] of copies.entries()) {
    const x = (i % columns) * cell;
    const y = Math.floor(i / columns) * cell;
    const full = Math.min(count, REPLICAS) / REPLICAS;
    context.fillStyle = colours.line;
    context.globalAlpha = 0.45;
    context.fillRect(x, y, edge, edge);
    context.globalAlpha = 1;
    context.fillStyle = count === 0 ? colours.danger : count <= 2 ? colours.warn : colours.good;
    // One that is lost is a bar across, not an empty cell.
    if (count === 0) context.fillRect(x, y + edge * 0.35, edge, edge * 0.3);
    else context.fillRect(x, y + edge * (1 - full), edge, edge * full);
  }
  if (chosen === null) return;
  context.lineWidth = 2;
  context.strokeStyle = colours.text;
  context.strokeRect(
    (chosen % columns) * cell,
    Math.floor(chosen / columns) * cell,
    Math.max(edge, 4),
    Math.max(edge, 4),
  );
}
