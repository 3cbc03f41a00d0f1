import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from '../lib/root.ts';
import type { Component } from './components.ts';
import type { Facts } from './facts.ts';

/** A UUID that depends on what is described alone. */
function serial(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = (8 | (Number.parseInt(hex[16]!, 16) & 3)).toString(16);
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${
    hex.slice(20, 32)
  }`;
}

function described({ name, version, licence, purl, files, what, in: product }: Component): object {
  const places = product === 'both' ? ['command', 'addon'] : [product];
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    description: what,
    purl,
    licenses: [/ WITH /.test(licence) ? { expression: licence } : { license: { id: licence } }],
    properties: places.map((value) => ({ name: 'veloci:linked-into', value })),
    components: Object.entries(files).map(([file, hash]) => {
      const [alg = '', content = ''] = hash.split(':');
      return { type: 'file', 'bom-ref': `${purl}#${file}`, name: file, hashes: [{ alg, content }] };
    }),
  };
}

/** Writes the bill of materials (CycloneDX 1.5, JSON) of what is shipped for one processor; its path. */
export function sbom(facts: Facts, parts: readonly Component[], program: string, folder: string): string {
  const { name, version, commit, date, licence, summary, processor } = facts;
  const ref = `pkg:generic/${name}@${version}?arch=${processor.machine}`;
  const sum = createHash('sha256').update(readFileSync(inRoot(program))).digest('hex');
  const listed = parts.map(described);
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: serial(JSON.stringify([ref, commit, sum, listed])),
    version: 1,
    metadata: {
      timestamp: new Date(date * 1000).toISOString(),
      component: {
        type: 'application',
        'bom-ref': ref,
        name,
        version,
        description: summary,
        licenses: [{ license: { id: licence } }],
        hashes: [{ alg: 'SHA-256', content: sum }],
        properties: [{ name: 'veloci:commit', value: commit }],
      },
    },
    components: listed,
    dependencies: [{ ref, dependsOn: parts.map(({ purl }) => purl) }],
  };
  const output = join(folder, `${name}-${version}-linux-${processor.machine}.cdx.json`);
  writeFileSync(output, `${JSON.stringify(bom, null, 2)}\n`);
  return output;
}
