import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT_FOLDER, callerFolder, userDataFolder } from '../../../cli/paths.ts';

describe('callerFolder', () => {
  it('is where npm was called, since npm runs scripts in the project’s folder', () => {
    expect(callerFolder({ INIT_CWD: '/home/ann/photos' }, PROJECT_FOLDER)).toBe('/home/ann/photos');
  });

  it('is the working folder otherwise, whatever a shell inherited', () => {
    expect(callerFolder({ INIT_CWD: '/elsewhere' }, '/home/ann')).toBe('/home/ann');
    expect(callerFolder({}, PROJECT_FOLDER)).toBe(PROJECT_FOLDER);
    expect(callerFolder({ INIT_CWD: 'relative' }, PROJECT_FOLDER)).toBe(PROJECT_FOLDER);
  });
});

describe('userDataFolder', () => {
  it('follows the XDG Base Directory Specification', () => {
    expect(userDataFolder({ XDG_DATA_HOME: '/data' })).toBe('/data/lanvault');
    const fallback = join(homedir(), '.local', 'share', 'lanvault');
    expect(userDataFolder({})).toBe(fallback);
    expect(userDataFolder({ XDG_DATA_HOME: '' })).toBe(fallback);
    expect(userDataFolder({ XDG_DATA_HOME: 'relative/data' })).toBe(fallback);
  });
});
