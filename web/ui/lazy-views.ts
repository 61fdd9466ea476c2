/** Views whose code is loaded when they are opened first. */
import type { Component } from 'svelte';
import type { View } from '../state/routes.svelte.ts';
import { nextTask } from './next-task.ts';

type LazyView = Exclude<View, 'files'>;
type LoadedView = { readonly default: Component };

const IMPORTS: Readonly<Record<LazyView, () => Promise<LoadedView>>> = {
  catalog: () => import('./catalog/CatalogView.svelte'),
  network: () => import('./network/NetworkView.svelte'),
  map: () => import('./map/MapView.svelte'),
  activity: () => import('./activity/ActivityView.svelte'),
  storage: () => import('./storage/StorageView.svelte'),
  settings: () => import('./settings/SettingsView.svelte'),
};

/** The view's code, run; its first drawing is a task of its own. Rejects where the code does not come. */
export async function loadView(view: LazyView): Promise<LoadedView> {
  const loaded = await IMPORTS[view]();
  await nextTask();
  return loaded;
}
