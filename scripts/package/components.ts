// What of others is linked into what is shipped: for the file of licences and the SBOM.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pins from '../third_party.json' with { type: 'json' };
import { sourceTree } from '../build/sources.ts';
import { debianNames, ownMachine, toolchain, type Machine } from '../build/toolchain.ts';
import { command } from '../lib/command.ts';
import { readObject, textMember } from '../lib/json.ts';
import { inRoot } from '../lib/root.ts';

export type Product = 'command' | 'addon' | 'both';

export interface Component {
  name: string;
  version: string;
  /** An SPDX expression. */
  licence: string;
  /** Which of our files hold it. */
  in: Product;
  /** One sentence for the file of licences. */
  what: string;
  /** The licence as its authors have written it. */
  text: string;
  /** Package URL. */
  purl: string;
  /** The files that it was made from, each with its hash in hexadecimal behind the name that CycloneDX has for the algorithm. */
  files: Readonly<Record<string, string>>;
}

function sha256(path: string): string {
  return `SHA-256:${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
}

/** A source package of Debian, pinned in scripts/third_party.json. */
async function pinned(name: keyof typeof pins.packages, licence: string, product: Product, what: string) {
  const { version } = pins.packages[name];
  const files = Object.fromEntries(
    Object.entries(pins.packages[name].files).map(([file, sum]) => [file, `SHA-256:${sum}`]),
  );
  const text = readFileSync(join(await sourceTree(name), 'LICENSE'), 'utf8');
  return { name, version, licence, in: product, what, text, purl: `pkg:deb/debian/${name}@${version}?arch=source`,
    files } satisfies Component;
}

/** Version of the source package that a package of this machine was made from. */
async function sourceOf(name: string): Promise<{ source: string; version: string }> {
  const [source = '', version = ''] =
    (await command('dpkg-query', ['-W', '-f', '${source:Package} ${source:Version}', name])).split(' ');
  return { source, version };
}

/**
 * What a package of the machine's Debian has linked in.
 * @param tree where the package is unpacked, when it is one of another machine
 */
async function fromDebian(
  name: string,
  binary: string,
  library: string,
  rest: Pick<Component, 'licence' | 'in' | 'what'>,
  text: (copyright: string) => string,
  tree = '',
): Promise<Component> {
  const { source, version } = await sourceOf(binary);
  const copyright = readFileSync(`${tree}/usr/share/doc/${binary}/copyright`, 'utf8');
  return { name, version, ...rest, text: text(copyright), purl: `pkg:deb/debian/${source}@${version}?arch=source`,
    files: { [library.slice(tree.length)]: sha256(library) } };
}

/** The exception of GCC's runtime libraries, out of Debian's file: all that applies to a program that they are linked into. */
function exceptionOf(copyright: string): string {
  const start = copyright.indexOf('GCC RUNTIME LIBRARY EXCEPTION');
  if (start < 0) throw new Error('the exception of the runtime libraries is not in the copyright file of gcc');
  const last = 'license of GCC.';
  const end = copyright.indexOf(last, start);
  return copyright.slice(start, end < 0 ? undefined : end + last.length);
}

/** A package of npm whose headers are compiled in. */
function fromNpm(name: string, file: string, what: string): Component {
  const lock = readObject(readFileSync(inRoot('package-lock.json'), 'utf8'), 'package-lock.json');
  const entry = (lock['packages'] as Record<string, Record<string, unknown>>)[`node_modules/${name}`] ?? {};
  const version = textMember(entry, 'version', name);
  const [algorithm = '', sum = ''] = textMember(entry, 'integrity', name).split('-');
  if (algorithm !== 'sha512') throw new Error(`${name} is pinned by ${algorithm}`);
  return {
    name,
    version,
    licence: textMember(entry, 'license', name),
    in: 'addon',
    what,
    text: readFileSync(inRoot('node_modules', name, file), 'utf8'),
    purl: `pkg:npm/${name}@${version}`,
    files: { [`${name}-${version}.tgz`]: `SHA-512:${Buffer.from(sum, 'base64').toString('hex')}` },
  };
}

/** Everything that is linked in on a machine, in the order in which it is listed. */
export async function components(machine: Machine = ownMachine): Promise<Component[]> {
  const tools = await toolchain(machine);
  const major = (await command(`${tools.prefix}gcc`, ['-dumpversion'])).trim();
  // Libraries of a compiler for another machine are packages of this one.
  const cross = machine === ownMachine ? '' : `-${debianNames[machine]}-cross`;
  const gcc = { licence: 'GPL-3.0-or-later WITH GCC-exception-3.1' };
  return [
    await pinned('quickjs', 'MIT', 'command', 'The JavaScript engine that runs the planner.'),
    await pinned('libseccomp', 'LGPL-2.1-only', 'both', 'Compiles seccomp profiles to filters.'),
    await pinned('zlib', 'Zlib', 'command', 'In veloci-unpack: decodes gzip.'),
    await pinned('libzstd', 'BSD-3-Clause', 'command', 'In veloci-unpack: decodes zstd.'),
    await fromDebian('musl', 'musl-dev', join(tools.muslLib, 'libc.a'), { licence: 'MIT', in: 'command',
      what: 'The C library.' }, (text) => text, tools.muslTree),
    await fromDebian('libgcc', `libgcc-${major}-dev${cross}`, join(tools.gccLib, 'libgcc.a'), { ...gcc, in: 'both',
      what: 'Helper functions of the compiler.' }, exceptionOf),
    await fromDebian('libstdc++', `libstdc++-${major}-dev${cross}`, join(tools.gccLib, 'libstdc++.a'), { ...gcc,
      in: 'both', what: 'Headers of the C++ library, and in the addon some of its functions.' }, exceptionOf),
    fromNpm('node-addon-api', 'LICENSE.md', 'Headers of the interface between the addon and Node.'),
    fromNpm('node-api-headers', 'LICENSE', 'Headers of the interface between the addon and Node.'),
  ];
}
