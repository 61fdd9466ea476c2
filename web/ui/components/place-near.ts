/** Places a floating element beside what opened it, inside the window. */
const GAP_PX = 6;
const EDGE_PX = 12;

/** Below the anchor and aligned with its end, or above it where there is no room. The element must be shown already. */
export function placeNear(floating: HTMLElement, anchor: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = floating;
  const { clientWidth, clientHeight } = document.documentElement;
  const below = anchor.bottom + GAP_PX;
  const fitsBelow = below + height + EDGE_PX <= clientHeight;
  const top = fitsBelow ? below : anchor.top - GAP_PX - height;
  const left = anchor.right - width;
  floating.style.top = `${within(top, clientHeight - height)}px`;
  floating.style.left = `${within(left, clientWidth - width)}px`;
}

function within(position: number, most: number): number {
  return Math.max(EDGE_PX, Math.min(position, most - EDGE_PX));
}
