// The packages of npm, in two layers: `veloci` has what every system needs (JavaScript, types, pages), `@veloci/linux-CPU`
// the programs of one processor. npm installs the one that fits, without a script and without a compiler.
import { build, type BuildOptions } from 'esbuild';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { filesBelow } from '../lib/files.ts';
import { inRoot, root } from '../lib/root.ts';
import type { Component } from './components.ts';
import { gzip } from './compress.ts';
import { processorNames, type Facts } from './facts.ts';
import { ownLicence, thirdParty } from './licences.ts';
import { tar, type Entry } from './tar.ts';

const text = (path: string, content: string, mode = 0o644): Entry => ({ path, mode, content: Buffer.from(content) });

const copied = (path: string, source: string, mode = 0o644): Entry => ({
  path,
  mode,
  content: readFileSync(inRoot(source)),
});

/** Members of package.json that both layers have. */
function shared({ version, licence, maintainer, manifest }: Facts): object {
  const { repository, homepage, bugs, keywords, engines } = manifest;
  return { version, license: licence, author: maintainer, ...Object.fromEntries(
    Object.entries({ repository, homepage, bugs, keywords, engines }).filter(([, value]) => value !== undefined),
  ) };
}

const platformName = (name: string, cpu: string): string => `@${name}/linux-${cpu}`;

function pack(facts: Facts, name: string, manifest: object, entries: readonly Entry[], folder: string): string {
  const all = [...entries, text('package.json', `${JSON.stringify({ name, ...manifest }, null, 2)}\n`)];
  const archive = tar(all.map(({ path, ...rest }) => ({ ...rest, path: `package/${path}` })), { date: facts.date });
  const output = join(folder, `${name.replace('@', '').replace('/', '-')}-${facts.version}.tgz`);
  writeFileSync(output, gzip(archive));
  return output;
}

/** The declarations that the entry reaches, by their paths below dist/lib, with imports that both kinds of modules can resolve. */
function declarations(): Entry[] {
  const top = inRoot('dist', 'lib');
  const found = new Map<string, string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    const content = readFileSync(path, 'utf8');
    found.set(path, content.replace(/(from |import\()'(\.[^']+)\.ts'/g, "$1'$2.js'"));
    for (const [, target] of content.matchAll(/(?:from |import\()'(\.[^']+)\.[tj]s'/g))
      visit(resolve(dirname(path), `${target}.d.ts`));
  };
  visit(join(top, 'index.d.ts'));
  return [...found].map(([path, content]) => text(`lib/${relative(top, path)}`, content));
}

/** The library in one CommonJS file, and the names that it exports. */
async function library(): Promise<{ code: string; names: string[] }> {
  const options = {
    entryPoints: [inRoot('src', 'index.ts')],
    bundle: true,
    write: false as const,
    metafile: true as const,
    platform: 'node',
    target: 'node20',
    absWorkingDir: root,
    outdir: 'build',
    logLevel: 'warning',
  } satisfies BuildOptions;
  const own = 'importMetaUrl';
  const common = await build({
    ...options,
    format: 'cjs',
    define: { 'import.meta.url': own },
    banner: { js: `const ${own} = require('node:url').pathToFileURL(__filename).href;` },
  });
  const { metafile } = await build({ ...options, format: 'esm' });
  const names = Object.values(metafile.outputs).flatMap(({ exports }) => exports).sort();
  return { code: common.outputFiles[0]!.text, names };
}

/**
 * Makes the package `veloci`: one implementation, for `require`; `import` gets the same objects from it, so that a program
 * that does both has one class of each name.
 * @returns its path
 */
export async function npmMain(
  facts: Facts,
  _parts: readonly Component[],
  _program: string,
  folder: string,
): Promise<string> {
  const { code, names } = await library();
  const pages = filesBelow('dist/share/man/man8', '.8');
  const entries = [
    text('lib/index.js', code),
    text('lib/index.mjs', `export { ${names.join(', ')} } from './index.js';\n`),
    ...declarations(),
    text('lib/index.d.mts', "export * from './index.js';\n"),
    copied('bin/veloci', 'packaging/npm/command', 0o755),
    copied('config.schema.json', 'dist/schema/config.schema.json'),
    ...pages.map((page) => copied(`man/${basename(page)}`, relative(root, page))),
    ...['README.md', 'CHANGELOG.md', 'SECURITY.md'].map((page) => copied(page, page)),
    ...filesBelow('docs', '.md', '.svg').map((page) => copied(relative(root, page), relative(root, page))),
    { path: 'LICENSE', mode: 0o644, content: ownLicence() },
  ];
  const manifest = {
    ...shared(facts),
    description: facts.manifest['description'],
    type: 'commonjs',
    main: './lib/index.js',
    types: './lib/index.d.ts',
    exports: {
      '.': {
        import: { types: './lib/index.d.mts', default: './lib/index.mjs' },
        require: { types: './lib/index.d.ts', default: './lib/index.js' },
      },
      './config.schema.json': './config.schema.json',
      './package.json': './package.json',
    },
    bin: { [facts.name]: 'bin/veloci' },
    man: pages.map((page) => `./man/${basename(page)}`),
    optionalDependencies: Object.fromEntries(
      processorNames().map((cpu) => [platformName(facts.name, cpu), facts.version]),
    ),
  };
  return pack(facts, facts.name, manifest, entries, folder);
}

/** Makes the package with the programs of one processor; its path. */
export function npmPlatform(facts: Facts, parts: readonly Component[], program: string, folder: string): string {
  const cpu = facts.processor.npm;
  const name = platformName(facts.name, cpu);
  const entries = [
    copied('bin/veloci', program, 0o755),
    copied('bin/veloci-unpack', `${program}-unpack`, 0o755),
    copied('veloci.node', join(dirname(dirname(program)), 'veloci.node')),
    text('README.md', readFileSync(inRoot('packaging', 'npm', 'platform.md'), 'utf8').replace('@NAME@', name)),
    { path: 'LICENSE', mode: 0o644, content: ownLicence() },
    text('THIRD-PARTY-LICENCES.txt', thirdParty(facts, parts)),
  ];
  // No `libc`: the command is static, and the addon loads with either library.
  const manifest = {
    ...shared(facts),
    description: `The programs of ${facts.name} for Linux on ${cpu}.`,
    type: 'commonjs',
    os: ['linux'],
    cpu: [cpu],
    preferUnplugged: true,
  };
  return pack(facts, name, manifest, entries, folder);
}
