/** The vault of this page; the root of its code, which is loaded after the first paint. */
import { PageVault } from './page-vault.ts';
import type { PageVaultOptions } from './page-vault.ts';
import { openVaultNews } from './vault-news.ts';

export function createPageVault(options: Omit<PageVaultOptions, 'page' | 'locks' | 'news'>): PageVault {
  const { persistent } = options.stores;
  // Stores in memory are this tab's alone; and without a secure context there are no locks.
  const locks = persistent ? navigator.locks : null;
  return new PageVault({ ...options, locks, page: document, news: openVaultNews(persistent) });
}
