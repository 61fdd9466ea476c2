/** The thread that compresses, encrypts, verifies and opens blocks. All of its work is the engine's. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parentPort } from 'node:worker_threads';
import * as Comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { createLazyCodec } from '../../shared/codec/lazy-codec.ts';
import { createBlockWorkerApi } from '../../shared/engine/block-worker-api.ts';

if (parentPort === null) throw new Error('This file runs as a worker thread.');
const wasmPath = fileURLToPath(import.meta.resolve('node-liblzma/wasm/liblzma.wasm'));
const codec = createLazyCodec(async () => new Uint8Array(await readFile(wasmPath)).buffer);
Comlink.expose(createBlockWorkerApi(codec), nodeEndpoint(parentPort));
