// The packages of npm as a program has them: unpacked into a node_modules, used from both kinds of modules.
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { toolchain } from '../../../scripts/build/toolchain.ts';
import { inRoot } from '../../../scripts/lib/root.ts';
import { components } from '../../../scripts/package/components.ts';
import { facts, processorOf } from '../../../scripts/package/facts.ts';
import { npmMain, npmPlatform } from '../../../scripts/package/npm.ts';

const about = await facts(processorOf(process.arch)!);
// With a package.json of its own: without one `veloci` would be this checkout, whose name that is.
const modules = join(
  t.testdir({ 'package.json': '{ "name": "program" }', node_modules: { veloci: {}, '@veloci': { platform: {} } } }),
  'node_modules',
);
const platform = `@veloci/linux-${process.arch}`;
const where = join(modules, '..');

/** Begins a program in a clean environment: tap hands its own loaders on to every process. */
const clean = ['-i', `PATH=${process.env['PATH']}`, `HOME=${process.env['HOME']}`];

function run(name: string, args: readonly string[], cwd = where): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync('env', [...clean, name, ...args], { cwd, encoding: 'utf8' });
  if (error) throw error;
  return { status, output: stdout + stderr };
}

function unpack(archive: string, name: string): void {
  const folder = join(modules, name);
  mkdirSync(folder, { recursive: true });
  t.equal(run('tar', ['-xzf', archive, '-C', folder, '--strip-components=1', '--no-same-owner']).status, 0);
}

/** Runs a script as a file of the program, which the name says the kind of. */
function script(name: string, text: string): string {
  writeFileSync(join(where, name), text);
  const { status, output } = run(process.execPath, [name]);
  return status === 0 ? output : `status ${status}: ${output}`;
}

unpack(await npmMain(about, [], '', where), 'veloci');
unpack(npmPlatform(about, await components(), 'dist/bin/veloci', where), platform);

t.test('import and require give the same objects', async (t) => {
  t.equal(script('both.mjs', `import * as imported from 'veloci';
import { createRequire } from 'node:module';
const required = createRequire(import.meta.url)('veloci');
const names = Object.keys(imported).filter((name) => name !== 'default' && name !== 'module.exports');
console.log(names.every((name) => required[name] === imported[name]), names.includes('Runtime'), names.length === Object.keys(required).length);
`), 'true true true\n');
});

t.test('a worker thread has the library, too, and may end before others do', async (t) => {
  t.equal(script('worker.cjs', `const { Worker, isMainThread } = require('node:worker_threads');
const { hostFacts } = require('veloci');
const facts = () => Object.keys(hostFacts()).length > 3;
if (isMainThread) {
  const workers = [1, 2].map(() => new Promise((done) => new Worker(__filename).on('exit', done)));
  Promise.all(workers).then((codes) => console.log(codes.join(), facts()));
} else facts();
`), '0,0 true\n');
});

t.test('the command is found from wherever it is called, and stands in the place of the script', async (t) => {
  const bin = join(where, 'link');
  symlinkSync(join(modules, 'veloci/bin/veloci'), bin);
  t.match(JSON.parse(run(bin, ['version', '--json'], '/').output), { version: about.version });
  const shell = run('sh', ['-c', '"$1" --root "$2" state none 3</dev/null; echo "status $?"', 'sh', bin, where]);
  t.match(shell.output, /^status 1\n.*"none" does not exist/);
});

t.test('types are right for both kinds of modules', async (t) => {
  const use = `import { Runtime, VelociError, type RunResult } from 'veloci';
const done: Promise<RunResult> = new Runtime().run({ bundle: '/b', timeout: 1 });
const error: VelociError | undefined = undefined;
void [done, error];
`;
  for (const name of ['types.mts', 'types.cts']) writeFileSync(join(where, name), use);
  symlinkSync(inRoot('node_modules/@types'), join(modules, '@types'));
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--types', 'node', '--ignoreConfig', 'types.mts',
    'types.cts'];
  t.strictSame(run(process.execPath, [inRoot('node_modules/typescript/bin/tsc'), ...flags]), { status: 0, output: '' });
  writeFileSync(join(where, 'wrong.mts'), use.replace('timeout: 1', "timeout: 'soon'"));
  t.match(run(process.execPath, [inRoot('node_modules/typescript/bin/tsc'), ...flags, 'wrong.mts']).output, /TS2322/);
});

t.test('nothing is shipped twice, compiled at install or not for a package', async (t) => {
  const main = JSON.parse(readFileSync(join(modules, 'veloci/package.json'), 'utf8'));
  const part = JSON.parse(readFileSync(join(modules, platform, 'package.json'), 'utf8'));
  t.same([main.scripts, main.dependencies, part.scripts, part.dependencies], [undefined, undefined, undefined,
    undefined]);
  t.same(main.optionalDependencies, { '@veloci/linux-x64': about.version, '@veloci/linux-arm64': about.version });
  t.match(part, { version: about.version, os: ['linux'], cpu: [process.arch], license: 'Apache-2.0' });
  t.equal(main.os, undefined, 'types are wanted on other systems');
  for (const [name, wanted] of [['veloci', false], [platform, true]] as const)
    t.equal(run('find', [join(modules, name), '-size', '+1000k']).output !== '', wanted, name);
  t.equal(run('find', [modules, '-name', '*.snapshot', '-o', '-name', 'binding.gyp', '-o', '-name', '*.map']).output,
    '');
  t.equal(lstatSync(join(modules, platform, 'bin/veloci')).mode & 0o111, 0o111);
});

t.test('the addon needs no name that glibc 2.31 or musl lacks', async (t) => {
  const lines = run('nm', ['-D', '--undefined-only', join(modules, platform, 'veloci.node')]).output.trim().split('\n');
  const names = lines.filter((line) => / U /.test(line)).map((line) => line.trim().split(' ').pop()!)
    .filter((name) => !name.startsWith('napi_'));
  t.ok(names.length > 20 && names.includes('malloc'));
  t.notOk(names.some((name) => name.includes('@')), 'none has a version');
  t.notMatch(run('readelf', ['-d', join(modules, platform, 'veloci.node')]).output, /NEEDED/);
  const musl = run('nm', ['--defined-only', '-f', 'posix', join((await toolchain()).muslLib, 'libc.a')]).output;
  const inMusl = new Set(musl.split('\n').map((line) => line.split(' ')[0]));
  // __cxa_finalize and what is weak are asked for by the start files, and may be lacking.
  t.same(names.filter((name) => !inMusl.has(name)), [], 'musl');
  const glibc = run('sh', ['-c', 'nm -D --with-symbol-versions "$(gcc -print-file-name=libc.so.6)"']).output;
  const inGlibc = new Set([...glibc.matchAll(/ [TWiBDVR] (\S+?)@@?GLIBC_2\.(\d+)/g)]
    .filter(([, , minor]) => Number(minor) <= 31).map(([, name]) => name));
  t.same(names.filter((name) => !inGlibc.has(name)), [], 'glibc');
});

t.test('without the package of the processor the error says why', async (t) => {
  rmSync(join(modules, platform), { recursive: true });
  t.match(script('without.mjs', `import { hostFacts } from 'veloci';
try { hostFacts(); } catch (error) { console.log(error.message); }
`), /veloci\.node of veloci is missing: .*optional package @veloci\/linux-.*--omit=optional/);
  t.match(script('foreign.cjs', `Object.defineProperty(process, 'platform', { value: 'darwin' });
try { require('veloci').hostFacts(); } catch (error) { console.log(error.message); }
`), 'veloci runs on Linux alone, and this is darwin');
  t.match(run(join(modules, 'veloci/bin/veloci'), ['version']), { status: 1, output: /@veloci\/linux-.* is missing/ });
});
