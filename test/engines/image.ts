// Images without a registry: docker archives of root file systems, by default of the tests' busybox.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxRootfs } from '../support/helpers.ts';
import { imageName } from './types.ts';

export interface Content {
  readonly name?: string;
  readonly rootfs?: string;
  readonly command?: readonly string[];
}

/** Writes the archive of an image, by default of {@link imageName}, into a folder and returns its path. */
export function makeImage(
  dir: string,
  { name: tag = imageName, rootfs = busyboxRootfs(), command = ['sh'] }: Content = {},
): string {
  mkdirSync(dir, { recursive: true });
  const layer = join(dir, 'layer.tar');
  execFileSync('tar', ['-C', rootfs, '--exclude=./dev/*', '--numeric-owner', '-cf', layer, '.']);
  const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  const config = Buffer.from(JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: command, Env: ['PATH=/bin:/usr/bin'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${hash(readFileSync(layer))}`] },
    history: [{ created_by: 'veloci' }],
  }));
  const name = `${hash(config)}.json`;
  writeFileSync(join(dir, name), config);
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify([{ Config: name, RepoTags: [tag], Layers: ['layer.tar'] }]));
  const archive = join(dir, 'image.tar');
  execFileSync('tar', ['-C', dir, '-cf', archive, name, 'manifest.json', 'layer.tar']);
  rmSync(layer);
  return archive;
}
