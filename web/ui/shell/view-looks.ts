/** How each view is called and marked in the navigation. */
import type { IconName } from '../components/icons.ts';
import type { View } from '../../state/routes.svelte.ts';

export const VIEW_LOOKS: Readonly<Record<View, { readonly icon: IconName; readonly label: string }>> = {
  files: { icon: 'folder', label: 'Files' },
  catalog: { icon: 'catalog', label: 'Catalog' },
  network: { icon: 'network', label: 'Network' },
  map: { icon: 'map', label: 'Map' },
  activity: { icon: 'activity', label: 'Activity' },
  storage: { icon: 'disk', label: 'Storage' },
  settings: { icon: 'settings', label: 'Settings' },
};
