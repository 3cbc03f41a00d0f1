// What packages hold, and that they depend on nothing but what they are made of. Installing them is `npm run test:packages`.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { inRoot } from '../../../scripts/lib/root.ts';
import { apk } from '../../../scripts/package/apk.ts';
import { components } from '../../../scripts/package/components.ts';
import { deb } from '../../../scripts/package/deb.ts';
import { facts, processorOf } from '../../../scripts/package/facts.ts';
import { sbom } from '../../../scripts/package/sbom.ts';
import { tar } from '../../../scripts/package/tar.ts';
import { tarball } from '../../../scripts/package/tarball.ts';

const program = 'dist/bin/veloci';

function run(name: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(name, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

const sum = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

const [about, parts] = [await facts(processorOf(process.arch)!), await components()];

/** A new folder of the test. */
function folderOf(t: { testdirName: string }, name: string): string {
  const folder = join(t.testdirName, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

t.test('made twice, packages are the same bytes', async (t) => {
  t.testdir();
  for (const make of [deb, tarball, apk, sbom]) {
    const [one, other] = [await make(about, parts, program, folderOf(t, 'one')),
      await make(about, parts, program, folderOf(t, 'other'))];
    t.equal(sum(one), sum(other), make.name);
    if (make === deb) continue; // seconds of xz
    const later = await make({ ...about, date: about.date + 1 }, parts, program, folderOf(t, 'later'));
    t.not(sum(later), sum(one), `${make.name} of another commit`);
  }
});

t.test('the package of Debian', async (t) => {
  t.testdir();
  const folder = folderOf(t, 'deb');
  const path = await deb(about, parts, program, folder);
  const control = run('dpkg-deb', '-f', path);
  t.match(control, `Version: ${about.version}-1\n`);
  t.notMatch(control, /^Depends/m, 'a static program needs nothing');
  const root = join(folder, 'root');
  run('dpkg-deb', '-R', path, root);
  t.equal(sum(join(root, 'usr/bin/veloci')), sum(inRoot(program)));
  t.equal(run('sh', '-c', `cd '${root}' && md5sum --quiet -c DEBIAN/md5sums`), '');
  t.match(readFileSync(join(root, 'DEBIAN/conffiles'), 'utf8'),
    /^\/etc\/containers\/containers\.conf\.d\/50-veloci\.conf$/m);
  t.notMatch(readFileSync(join(root, 'etc/containers/containers.conf.d/50-veloci.conf'), 'utf8'), /^runtime *=/m,
    'the default stays what it was');
  t.match(readFileSync(join(root, 'usr/share/veloci/apparmor'), 'utf8'),
    /profile veloci \/usr\/bin\/veloci [^]*userns,/);
  for (const file of ['share/man/man8/veloci.8.gz', 'share/man/man8/veloci-run.8.gz',
    'share/bash-completion/completions/veloci', 'share/zsh/vendor-completions/_veloci',
    'share/fish/vendor_completions.d/veloci.fish', 'share/doc/veloci/README.md'])
    t.ok(statSync(join(root, 'usr', file)).size > 0, file);
  const copyright = readFileSync(join(root, 'usr/share/doc/veloci/copyright'), 'utf8');
  for (const words of ['Fabrice Bellard', 'GNU LESSER GENERAL PUBLIC LICENSE', 'Rich Felker',
    'GCC RUNTIME LIBRARY EXCEPTION'])
    t.match(copyright, words);
});

t.test('the archive for every system has one folder, and the command in it', async (t) => {
  t.testdir();
  const path = tarball(about, parts, program, folderOf(t, 'tarball'));
  const names = run('tar', '-tzf', path).trim().split('\n');
  t.same([...new Set(names.map((name) => name.split('/')[0]))], [
    `veloci-${about.version}-linux-${about.processor.machine}`,
  ]);
  t.notOk(names.some((name) => /veloci\.(snapshot|node)$/.test(name)));
  t.match(run('tar', '-tvzf', path), /^-rwxr-xr-x root\/root +\d+ .*\/bin\/veloci$/m);
  run('tar', '-xzf', path, '-C', folderOf(t, 'out'));
  const version = run(join(t.testdirName, 'out', names[0]!.split('/')[0]!, 'bin/veloci'), 'version', '--json');
  t.match(JSON.parse(version), { version: about.version, commit: /^[0-9a-f]{12}(-dirty)?$/, libseccomp: /^2\./ });
});

t.test('the package of Alpine: data with a hash, files with checksums', async (t) => {
  t.testdir();
  const path = apk(about, parts, program, folderOf(t, 'apk'));
  const bytes = readFileSync(path);
  const second = bytes.indexOf(Buffer.from([0x1f, 0x8b, 0x08]), 10);
  const control = gunzipSync(bytes.subarray(0, second)), data = bytes.subarray(second);
  const hash = createHash('sha256').update(data).digest('hex');
  t.match(control.toString(), `pkgver = ${about.version}-r0\n`);
  t.match(control.toString(), `datahash = ${hash}\n`);
  t.equal(control.length, 1024, 'a header and a block, without the end of an archive');
  const sum1 = createHash('sha1').update(readFileSync(inRoot(program))).digest('hex');
  t.ok(gunzipSync(data).includes(`68 APK-TOOLS.checksum.SHA1=${sum1}\n`));
});

t.test('the bill of materials names what is linked in, with hashes', async (t) => {
  t.testdir();
  const bom = JSON.parse(readFileSync(sbom(about, parts, program, folderOf(t, 'sbom')), 'utf8'));
  t.equal(bom.metadata.component.hashes[0].content, sum(inRoot(program)));
  const pins = JSON.parse(readFileSync(inRoot('scripts/third_party.json'), 'utf8')).packages;
  for (const name of Object.keys(pins)) {
    const listed = bom.components.find((component: { name: string }) => component.name === name);
    t.equal(listed.version, pins[name].version);
    t.same(listed.components.map((file: { hashes: { content: string }[] }) => file.hashes[0]!.content),
      Object.values(pins[name].files));
  }
  t.same(bom.components.map(({ name }: { name: string }) => name).sort(),
    [...Object.keys(pins), 'libgcc', 'libstdc++', 'musl', 'node-addon-api', 'node-api-headers'].sort());
});

t.test('a tar archive holds long names, links and empty files', async (t) => {
  t.testdir();
  const long = `${'folder/'.repeat(20)}file`;
  const archive = tar([
    { path: long, mode: 0o600, content: Buffer.from('text') },
    { path: 'link', mode: 0o777, link: 'elsewhere' },
    { path: 'empty', mode: 0o644, content: Buffer.alloc(0) },
  ], { date: 86400, checksums: true });
  const listed = spawnSync('tar', ['-tv', '--utc'], { input: archive, encoding: 'utf8' });
  t.equal(listed.status, 0, listed.stderr);
  t.match(listed.stdout, new RegExp(`^-rw------- root/root +4 1970-01-02 00:00 ${long}$`, 'm'));
  t.match(listed.stdout, /^lrwxrwxrwx .* link -> elsewhere$/m);
  t.match(listed.stdout, /^-rw-r--r-- .* empty$/m);
  t.throws(() => tar([{ path: 'x'.repeat(120), mode: 0o644, content: Buffer.alloc(0) }], { date: 0 }), /too long/);
});
