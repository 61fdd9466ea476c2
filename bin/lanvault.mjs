#!/usr/bin/env node
/**
 * The installed `lanvault`. Plain JavaScript on purpose: it must run on whatever Node the machine has, to go on in the one that came
 * along through npm.
 */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NEEDED_MAJOR = 24;
const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** Of a checkout, and of an installed package. */
const PROGRAMS = ['cli/main.ts', 'dist/cli/main.js'].map((file) => path.join(ROOT, file));

/** The Node of the optional dependency for this platform; undefined where npm had none. */
function pinnedNode() {
  const windows = process.platform === 'win32';
  const name = `node-${windows ? 'win' : process.platform}-${process.arch}`;
  try {
    const folder = path.dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    const program = path.join(folder, 'bin', windows ? 'node.exe' : 'node');
    return existsSync(program) ? realpathSync(program) : undefined;
  } catch (cause) {
    if (cause.code === 'MODULE_NOT_FOUND') return undefined;
    throw cause;
  }
}

function fail(message) {
  console.error(`lanvault: ${message}`);
  process.exitCode = 1;
}

/** Becomes `node`, where this Node can; else runs it as a child that gets this one's signals. */
function goOnIn(node, args) {
  if (process.execve !== undefined && process.platform !== 'win32')
    process.execve(node, [node, ...args], process.env);
  const child = spawn(node, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the child as well; a second one would cut its shutdown short.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  child.once('error', (cause) => fail(`${node} did not start (${cause.message}).`));
  child.once('exit', (status, signal) => {
    process.exitCode = status ?? 128 + constants.signals[signal];
  });
}

const program = PROGRAMS.find((file) => existsSync(file));
const node = pinnedNode();
const [major = 0] = process.versions.node.split('.').map(Number);
if (program === undefined) fail('this package was packed before it was built: npm run build && npm pack.');
else if (node === process.execPath || (node === undefined && major >= NEEDED_MAJOR))
  await import(pathToFileURL(program).href);
else if (node !== undefined) goOnIn(node, [...process.execArgv, program, ...process.argv.slice(2)]);
else
  fail(
    `needs Node ${NEEDED_MAJOR} or newer and found ${process.versions.node}. On Linux and Windows npm brings it along, unless optional dependencies are left out; elsewhere install Node ${NEEDED_MAJOR}.`,
  );
