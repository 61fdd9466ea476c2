#!/usr/bin/env node
/** `lanvault`: its modules, compiled once, are read by every run after that. */
import { enableCompileCache } from 'node:module';
import path from 'node:path';

// Before anything else is loaded. Beside the dependencies, not in the shared temp folder, where others could plant code.
enableCompileCache(path.join(import.meta.dirname, '../node_modules/.cache/node-compile'));
await import('./run.ts');
