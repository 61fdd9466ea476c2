/** The app's state for every component, without handing it down by hand. */
import { createContext } from 'svelte';
import type { App } from '../state/app.svelte.ts';
import type { Session } from '../state/session.svelte.ts';

export const [getApp, setApp] = createContext<App>();
/** Below `FilesView` only: there the engine runs. */
export const [getSession, setSession] = createContext<Session>();
