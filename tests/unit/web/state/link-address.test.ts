import { describe, expect, it } from 'vitest';
import { LinkAddress } from '../../../../web/state/link-address.svelte.ts';

class FakeAddress {
  readonly events = new EventTarget();
  hash: string;

  constructor(hash: string) {
    this.hash = hash;
  }

  fragment(): string {
    return this.hash;
  }

  clearFragment(): void {
    this.hash = '';
  }

  go(hash: string): void {
    this.hash = hash;
    this.events.dispatchEvent(new Event('hashchange'));
  }
}

describe('LinkAddress', () => {
  it('takes a link out of the address at once, and gives it out once', () => {
    const address = new FakeAddress('#/open/secret');
    const link = new LinkAddress(address);
    expect(address.hash).toBe('');
    expect(link.link).toBe('#/open/secret');
    expect(link.take()).toBe('#/open/secret');
    expect(link.take()).toBeNull();
    link[Symbol.dispose]();
  });

  it('leaves other routes alone, and sees links that are followed later', () => {
    const address = new FakeAddress('#/files');
    const link = new LinkAddress(address);
    expect([address.hash, link.link]).toEqual(['#/files', null]);
    address.go('#/open/later');
    expect([address.hash, link.take()]).toEqual(['', '#/open/later']);
    link[Symbol.dispose]();
    address.go('#/open/too-late');
    expect(link.link).toBeNull();
  });
});
