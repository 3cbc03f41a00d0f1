// An image without a registry: a docker archive of the tests' busybox root file system.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxRootfs } from '../support/helpers.ts';
import { imageName } from './types.ts';

/** Writes the archive into a folder and returns its path. */
export function makeImage(dir: string): string {
  const layer = join(dir, 'layer.tar');
  execFileSync('tar', ['-C', busyboxRootfs(), '--owner=0', '--group=0', '-cf', layer, '.']);
  const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  const config = Buffer.from(JSON.stringify({
    architecture: 'amd64', os: 'linux', config: { Cmd: ['sh'], Env: ['PATH=/bin:/usr/bin'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${hash(readFileSync(layer))}`] }, history: [{ created_by: 'veloci' }],
  }));
  const name = `${hash(config)}.json`;
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, name), config);
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify([{ Config: name, RepoTags: [imageName], Layers: ['layer.tar'] }]));
  const archive = join(dir, 'image.tar');
  execFileSync('tar', ['-C', dir, '-cf', archive, name, 'manifest.json', 'layer.tar']);
  return archive;
}
