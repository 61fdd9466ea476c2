import type { VaultStatus } from './vault-contract.ts';

/** Before anything is known. */
export const OPENING: VaultStatus = {
  ...{ state: 'opening', unpublished: false, devices: null, unread: 0 },
  ...{ syncing: false, comparedAt: null, error: null },
};
