import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../fixtures.ts';
import { relayRig } from '../relay-rig.ts';
import type { RelayRig } from '../relay-rig.ts';

async function withApp(use: (rig: RelayRig) => Promise<void>): Promise<void> {
  await using folder = await tempFolder();
  await mkdir(path.join(folder.path, 'assets'));
  await writeFile(path.join(folder.path, 'index.html'), '<!doctype html><title>App</title>');
  await writeFile(path.join(folder.path, 'sw.js'), 'self');
  await writeFile(path.join(folder.path, 'manifest.webmanifest'), '{}');
  await writeFile(path.join(folder.path, 'assets', 'index-Cy12.js'), 'export {}');
  await writeFile(path.join(folder.path, 'assets', 'liblzma-x1.wasm'), '\0asm');
  await writeFile(path.join(folder.path, '.secret'), 'no');
  await using rig = await relayRig({ webDir: folder.path });
  await use(rig);
}

describe('the web app', () => {
  it.each([
    ['/', 'text/html; charset=utf-8', 'no-cache'],
    ['/sw.js', 'application/javascript; charset=utf-8', 'no-cache'],
    ['/manifest.webmanifest', 'application/manifest+json', 'no-cache'],
    ['/assets/index-Cy12.js', 'application/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
    ['/assets/liblzma-x1.wasm', 'application/wasm', 'public, max-age=31536000, immutable'],
  ])('%s has its type and its caching', async (url, type, caching) => {
    await withApp(async (rig) => {
      const answer = await rig.server.inject({ url });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-type']).toBe(type);
      expect(answer.headers['cache-control']).toBe(caching);
      expect((await rig.server.inject({ method: 'HEAD', url })).statusCode).toBe(200);
    });
  });

  it.each(['/.secret', '/assets/', '/nothing.js', '/stream/x/y', '/%2esecret'])('%s is 404', async (url) => {
    await withApp(async (rig) => {
      const answer = await rig.server.inject({ url });
      expect(answer.statusCode).toBe(404);
      expect(answer.json()).toMatchObject({ error: { code: 'NOT_FOUND' } });
    });
  });

  it('goes out compressed to those who take it', async () => {
    await using folder = await tempFolder();
    const html = '<!doctype html><title>App</title>';
    await writeFile(path.join(folder.path, 'index.html'), html);
    await writeFile(path.join(folder.path, 'index.html.br'), brotliCompressSync(html));
    await writeFile(path.join(folder.path, 'index.html.gz'), gzipSync(html));
    await using rig = await relayRig({ webDir: folder.path });
    for (const [accepted, encoding, decode] of [
      ['gzip, deflate, br', 'br', brotliDecompressSync],
      ['gzip, deflate', 'gzip', gunzipSync],
      ['identity', undefined, (bytes: Buffer) => bytes],
    ] as const) {
      const answer = await rig.server.inject({ url: '/', headers: { 'accept-encoding': accepted } });
      expect(answer.headers['content-encoding']).toBe(encoding);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.headers['cache-control']).toBe('no-cache');
      expect(answer.headers.vary).toMatch(/accept-encoding/i);
      expect(decode(answer.rawPayload).toString()).toBe(html);
    }
  });

  it('runs no inline script, talks to its own origin only, and is framed by nobody', async () => {
    await withApp(async (rig) => {
      for (const url of ['/', '/status', '/nothing', '/assets/index-Cy12.js']) {
        const { headers } = await rig.server.inject({ url });
        const policy = String(headers['content-security-policy']);
        const directives = new Map(policy.split('; ').map((line) => [line.split(' ')[0], line]));
        expect(directives.get('default-src')).toBe("default-src 'self'");
        expect(directives.get('script-src')).toBe("script-src 'self' 'wasm-unsafe-eval'");
        expect(directives.get('style-src')).toBe("style-src 'self'");
        expect(directives.get('connect-src')).toBe("connect-src 'self'");
        expect(directives.get('object-src')).toBe("object-src 'none'");
        expect(directives.get('base-uri')).toBe("base-uri 'none'");
        expect(directives.get('frame-ancestors')).toBe("frame-ancestors 'none'");
        expect(policy).not.toContain('unsafe-inline');
        expect(headers).toMatchObject({
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          'cross-origin-opener-policy': 'same-origin',
          'cross-origin-resource-policy': 'same-origin',
        });
      }
    });
  });

  it('is not needed: a relay without it says how to get it', async () => {
    await using rig = await relayRig();
    const answer = await rig.server.inject({ url: '/' });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain('npm run build');
  });
});

describe('/openapi', () => {
  it('is a page made of local files only', async () => {
    await using rig = await relayRig();
    const page = await rig.server.inject({ url: '/openapi' });
    expect(page.statusCode).toBe(200);
    const sources = Array.from(page.body.matchAll(/(?:src|href)="([^"]+)"/g), ([, source]) => source ?? '');
    expect(sources.length).toBeGreaterThan(3);
    for (const source of sources) {
      const url = new URL(source, 'http://relay/openapi');
      expect(url.host).toBe('relay');
      const asset = await rig.server.inject({ url: url.pathname });
      expect(asset.statusCode).toBe(200);
    }
    expect(page.body).not.toMatch(/<script(?![^>]*src=)/);
  });
});
