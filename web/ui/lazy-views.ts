/** Views whose code is loaded when they are opened first. */
import type { Component } from 'svelte';
import type { View } from '../state/routes.svelte.ts';

export const LAZY_VIEWS: Readonly<Record<Exclude<View, 'files'>, () => Promise<{ default: Component }>>> = {
  catalog: () => import('./catalog/CatalogView.svelte'),
  network: () => import('./network/NetworkView.svelte'),
  map: () => import('./map/MapView.svelte'),
  activity: () => import('./activity/ActivityView.svelte'),
  storage: () => import('./storage/StorageView.svelte'),
  settings: () => import('./settings/SettingsView.svelte'),
};
