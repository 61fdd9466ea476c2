/** What is known of a file's copies: what the swarm said last, or else what its upload counted. */
import { checkedHealth, fileHealth } from '../../state/file-health.ts';
import type { FileHealth } from '../../state/file-health.ts';
import type { FileCheck } from '../../state/file-checks.svelte.ts';
import type { StoredFile } from '../../state/engine-types.ts';

export function healthOf(file: StoredFile, check: FileCheck | null): FileHealth {
  return check?.phase === 'known' ? checkedHealth(check.check) : fileHealth(file.minReplicas);
}
