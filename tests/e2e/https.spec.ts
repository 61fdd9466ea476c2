/** A relay with `--tls` on one host, a browser on another: what it gets with the authority trusted, and what it is told without. */
import { expect, test } from '@playwright/test';
import type { BrowserContext, Page } from '@playwright/test';
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Authority } from '../../relay/tls/authority.ts';
import { launchOnHost } from '../helpers/lan-browser.ts';
import { Lan } from '../helpers/netns.ts';
import { REPO } from '../helpers/programs.ts';
import { expectAccessible } from './axe.ts';

const FOREIGN = 'vault.example.org';
const CLIP = path.join(REPO, 'tests/fixtures/clip.webm');

/** The page that a new window of a fresh profile opens with. */
async function firstPage(browser: BrowserContext): Promise<Page> {
  return browser.pages()[0] ?? browser.newPage();
}

test('a device that trusts the authority of a relay on another host gets the whole app; one that does not is told how', async () => {
  await using lan = await Lan.create(2);
  const [server, device] = [lan.host(0), lan.host(1)];
  const relay = await server.startRelay([
    '--tls',
    '--tls-port',
    '0',
    '--web-dir',
    path.join(REPO, 'dist/web'),
  ]);
  await device.startRelay();
  await lan.settled();
  const plain = `http://${server.address}:${String(relay.port)}`;
  const secure = `https://${server.address}:${String(relay.httpsPort)}`;
  const certificate = path.join(lan.dir, 'lanvault-authority.crt');

  await test.step('without trust: limited, told what to do, and given the certificate', async () => {
    const browser = await launchOnHost(device, path.join(lan.dir, 'stranger'));
    try {
      const page = await firstPage(browser);
      await page.goto(plain);
      expect(await page.evaluate(() => globalThis.isSecureContext)).toBe(false);
      const note = path.join(lan.dir, 'note.txt');
      await writeFile(note, 'it works here too\n');
      await page.getByLabel('Files to upload').setInputFiles(note);
      await page.getByRole('button', { name: 'Open note.txt' }).click({ timeout: 60_000 });
      await expect(page.getByRole('dialog')).toContainText('Open the secure address');
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();

      const opened = browser.waitForEvent('page');
      await expect(page.getByText('This page is not on a secure address')).toBeVisible();
      await page.getByRole('link', { name: 'open the secure address' }).click();
      const instructions = await opened;
      await expect(instructions.getByRole('heading', { level: 1 })).toHaveText(
        'The whole app, on this device too',
      );
      await expect(instructions.getByRole('link', { name: `Open ${secure}/` })).toBeVisible();
      await expectAccessible(instructions);
      const download = instructions.waitForEvent('download');
      await instructions.getByRole('link', { name: 'Download the certificate' }).click();
      await (await download).saveAs(certificate);
      const { fingerprint256 } = new X509Certificate(await readFile(certificate));
      await expect(instructions.getByText(fingerprint256)).toBeVisible();
      expect(
        new X509Certificate(await readFile(path.join(relay.dir, 'tls/authority.pem'))).fingerprint256,
      ).toBe(fingerprint256);
      await expect(instructions.goto(secure)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID');
    } finally {
      await browser.close();
    }
  });

  await test.step('with trust: a secure context, installed, and a video that seeks', async () => {
    const browser = await launchOnHost(
      device,
      path.join(lan.dir, 'friend'),
      [certificate],
      [`--host-resolver-rules=MAP ${FOREIGN} ${server.address}`],
    );
    try {
      const page = await firstPage(browser);
      await page.goto(secure);
      expect(await page.evaluate(() => globalThis.isSecureContext)).toBe(true);
      await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
      await expect(page.getByText('This page is not on a secure address')).toBeHidden();
      const devtools = await browser.newCDPSession(page);
      const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
      expect(installabilityErrors).toEqual([]);
      const manifestId = `${secure}/`;
      // What pressing "Install" does. Chromium knows no state of an app that is not installed.
      await expect(devtools.send('PWA.getOsAppState', { manifestId })).rejects.toThrow();
      await devtools.send('PWA.install', { manifestId, installUrlOrBundleUrl: manifestId });
      const { fileHandlers } = await devtools.send('PWA.getOsAppState', { manifestId });
      expect(fileHandlers.map(({ action }) => action)).toEqual([manifestId]);

      await page.getByLabel('Files to upload').setInputFiles(CLIP);
      await page.getByRole('button', { name: 'Open clip.webm' }).click({ timeout: 60_000 });
      const playedTo = await page.locator('video').evaluate(async (video: HTMLVideoElement) => {
        video.muted = true;
        await video.play();
        video.currentTime = video.duration * 0.8;
        const target = video.currentTime + 0.3;
        while (video.currentTime < target)
          await new Promise((resolve, reject) => {
            video.addEventListener('timeupdate', resolve, { once: true });
            video.addEventListener('error', () => reject(new Error(video.error?.message)), { once: true });
          });
        return video.currentTime;
      });
      expect(playedTo).toBeGreaterThan(16);

      // What a thief of the key signs for the internet is refused all the same.
      const authority = Authority.load(await readFile(path.join(relay.dir, 'tls/authority.pem'), 'utf8'));
      const { keyPem, chainPem } = authority.issue([FOREIGN], Date.now());
      const forged = path.join(lan.dir, 'forged.pem');
      await writeFile(forged, keyPem + chainPem);
      // It ends with its host.
      void server.run([
        'openssl',
        's_server',
        '-accept',
        '4443',
        '-cert',
        forged,
        '-cert_chain',
        forged,
        '-www',
      ]);
      await expect
        .poll(() => page.goto(`https://${FOREIGN}:4443/`).catch(String))
        .toContain('ERR_CERT_INVALID');
    } finally {
      await browser.close();
    }
  });
});
