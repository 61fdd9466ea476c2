/** A picture itself. Loaded when a view with one opens: vis-network is larger than the rest of the app. */
import { DataSet } from 'vis-data/esnext';
import { Network } from 'vis-network/esnext';
import type { Edge, Node } from 'vis-network/esnext';
import type { PictureItems } from './graph-items.ts';

const ZOOM_STEP = 1.3;

export class GraphPicture implements Disposable {
  readonly #nodes = new DataSet<Node>();
  readonly #edges = new DataSet<Edge>();
  readonly #network: Network;
  readonly #resizes: ResizeObserver;
  /** Where nodes stood when the picture was last fitted into its frame. */
  #extent = '';

  /** `onclick` is told the node that was clicked; null beside them. */
  constructor(container: HTMLElement, onclick: (node: string | null) => void) {
    this.#network = new Network(
      container,
      { nodes: this.#nodes, edges: this.#edges },
      {
        autoResize: true,
        physics: { enabled: false },
        layout: { improvedLayout: false },
        nodes: { chosen: false, labelHighlightBold: false },
        edges: { smooth: false, chosen: false },
        // The wheel and the finger scroll the page; buttons zoom.
        interaction: { dragNodes: false, zoomView: false, selectConnectedEdges: false },
      },
    );
    this.#network.on('click', ({ nodes }: { readonly nodes: readonly string[] }) => {
      onclick(nodes[0] ?? null);
    });
    this.#resizes = new ResizeObserver(() => this.fit());
    this.#resizes.observe(container);
  }

  /** Draws these, and fits them into the frame when they stand elsewhere than before. */
  show({ nodes, edges }: PictureItems): void {
    this.#edges.remove(stale(this.#edges.getIds(), edges));
    this.#nodes.remove(stale(this.#nodes.getIds(), nodes));
    this.#nodes.update([...nodes]);
    this.#edges.update([...edges]);
    const extent = nodes.map(({ x, y }) => `${x},${y}`).join(' ');
    if (extent === this.#extent) return;
    this.#extent = extent;
    this.fit();
  }

  fit(): void {
    this.#network.fit({ animation: false, maxZoomLevel: 1.25 });
  }

  zoom(inwards: boolean): void {
    const scale = this.#network.getScale() * (inwards ? ZOOM_STEP : 1 / ZOOM_STEP);
    this.#network.moveTo({ scale, animation: false });
  }

  [Symbol.dispose](): void {
    this.#resizes.disconnect();
    this.#network.destroy();
  }
}

/** What is drawn and ought to be no more. */
function stale<T>(drawn: readonly T[], items: readonly { readonly id?: T }[]): T[] {
  const ids = new Set(items.map(({ id }) => id));
  return drawn.filter((id) => !ids.has(id));
}
