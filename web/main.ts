/** Entry of the web app: the shell is drawn at once, the engine's code follows. */
import './ui/styles/tokens.css';
import './ui/styles/base.css';
import { mount } from 'svelte';
import AppView from './ui/App.svelte';
import { App } from './state/app.svelte.ts';
import { browserAddress } from './state/address-bar.ts';
import { openWipeNews } from './engine/device/wipe-news.ts';
import { browserSettings } from './state/settings-store.ts';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app.');

const loadPassphrase = () => import('./engine/device/passphrase.ts');

const app = new App({
  settings: browserSettings(),
  window,
  address: browserAddress(),
  loadEngine: async (preferences, askPassphrase) => {
    const { createAppEngine } = await import('./engine/app-engine.ts');
    return createAppEngine({ askPassphrase, minReplicas: () => preferences.minReplicas });
  },
  passphrases: {
    check: async (passphrase) => (await loadPassphrase()).checkPassphrase(passphrase),
    change: async (current, next) => (await loadPassphrase()).changePassphrase(current, next),
  },
  wipeNews: openWipeNews(),
  wipeBrowser: async () => {
    const { wipeBrowser } = await import('./engine/device/wipe-browser.ts');
    await wipeBrowser();
  },
});
mount(AppView, { target, props: { app } });
void app.start();
