// The stand-in for systemd (bus.ts) in the place of the real one, where none runs.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { listen, type Answer } from './bus.ts';
import { create, type Scene } from '../failing.ts';

const folder = '/run/systemd';
const path = `${folder}/private`;

/** Why the stand-in cannot take the place of systemd, or false. */
export const systemdIsHere: string | false = existsSync(path) ? 'systemd runs here' : false;

/** `create` with --systemd-cgroup, while systemd answers like that; for the rows of failing.ts. */
export const whileSystemd =
  (answers: Readonly<Record<string, Answer | readonly Answer[]>>, greeting?: string) =>
  async (scene: Scene): Promise<string[]> => {
    mkdirSync(folder);
    const server = await listen(path, answers, greeting);
    scene.c.later(() => {
      server.close();
      rmSync(folder, { recursive: true });
    });
    return ['--systemd-cgroup', ...create()(scene)];
  };
