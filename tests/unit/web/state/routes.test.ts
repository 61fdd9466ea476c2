import { describe, expect, it } from 'vitest';
import type { AddressBar } from '../../../../web/state/address-bar.ts';
import { Routes, viewHref } from '../../../../web/state/routes.svelte.ts';

function addressBar(location: { readonly hash: string }, events = new EventTarget()): AddressBar {
  return { events, fragment: () => location.hash, clearFragment: () => undefined };
}

describe('Routes', () => {
  it.each([
    ['', 'files'],
    ['#', 'files'],
    ['#/', 'files'],
    ['#/files', 'files'],
    ['#/network', 'network'],
    ['#/activity', 'activity'],
    ['#activity', 'activity'],
    ['#/network/of/more', 'network'],
    ['#/nowhere', 'files'],
    ['#/constructor', 'files'],
    ['#/Network', 'files'],
    ['#%', 'files'],
  ] as const)('%j shows %s', (hash, view) => {
    using routes = new Routes(addressBar({ hash }));
    expect(routes.view).toBe(view);
  });

  it('leaves what comes after the view to the view', () => {
    const details = ['#/map/ab12', '#/map', '#/files/a/b', ''].map((hash) => {
      using routes = new Routes(addressBar({ hash }));
      return routes.detail;
    });
    expect(details).toEqual(['ab12', '', 'a/b', '']);
    expect(viewHref('map', 'ab12')).toBe('#/map/ab12');
  });

  it('follows the address until it is disposed of', () => {
    const window = new EventTarget();
    const location = { hash: '' };
    const routes = new Routes(addressBar(location, window));
    location.hash = viewHref('activity');
    window.dispatchEvent(new Event('hashchange'));
    expect(routes.view).toBe('activity');
    routes[Symbol.dispose]();
    location.hash = viewHref('network');
    window.dispatchEvent(new Event('hashchange'));
    expect(routes.view).toBe('activity');
  });
});
