// What --learn, --learn-capabilities and --learn-paths make of five programs of Debian holds: each starts again under its profile,
// its capabilities and its rules of Landlock, and what it has not done is refused.
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Bundle } from '../../support/bundle.ts';
import { assert, test } from '../../support/case.ts';
import { hasPrograms, programsRootfs } from '../../support/helpers.ts';
import { type Config, dockerConfig } from '../../support/spec.ts';

const asked = process.env['VELOCI_TEST_PROGRAMS'] === '1';
const skip = asked || hasPrograms() ? false : 'VELOCI_TEST_PROGRAMS=1 makes a Debian with the five programs, 250 MB';

interface Program {
  readonly name: string;
  readonly script: string;
  readonly says: RegExp;
}

const get = 'exec 3<>/dev/tcp/127.0.0.1/80; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; head -1 <&3; exec 3<&-';
const node =
  `const fs = require('fs'), http = require('http'), child = require('child_process'), crypto = require('crypto');
fs.writeFileSync('/data/a', 'x'); fs.readFileSync('/data/a'); fs.unlinkSync('/data/a');
const server = http.createServer((request, response) => response.end(crypto.createHash('sha256').update('x').digest('hex')));
server.listen(8000, '127.0.0.1', () => http.get('http://127.0.0.1:8000', (response) => {
  response.on('data', (data) => console.log('node', String(data).slice(0, 6), String(child.execFileSync('/bin/echo', ['child']))));
  response.on('end', () => server.close());
}));`;
const python = `import json, os, socket, sqlite3, subprocess, tempfile, threading, urllib.request, http.server
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8000), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
status = urllib.request.urlopen("http://127.0.0.1:8000/etc/").status
with tempfile.NamedTemporaryFile(dir="/data") as file: file.write(b"x"); file.flush()
base = sqlite3.connect("/data/base"); base.execute("create table if not exists t (x)"); base.execute("insert into t values (1)"); base.commit(); base.close()
os.unlink("/data/base")
print("python", status, subprocess.check_output(["/bin/echo", "child"]).decode())
server.shutdown()`;
const perl = `use POSIX; use IO::Socket::INET; use File::Temp; use Data::Dumper;
my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1:8000", Listen => 1, ReuseAddr => 1) or die $!;
if (fork == 0) { my $c = IO::Socket::INET->new("127.0.0.1:8000"); print $c "hello"; exit 0 }
my $got = $server->accept; my $line = <$got>; wait;
my $file = File::Temp->new(DIR => "/data"); print $file "x"; rename "$file", "/data/other"; unlink "/data/other";
print "perl $line ", qx(/bin/echo child);`;

const programs: readonly Program[] = [
  { name: 'nginx', says: /HTTP\/1\.1 200 OK/,
    script: `nginx -g "daemon off;" & for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/80) `
      + `2>/dev/null && break; sleep 0.1; done; ${get}; nginx -s reload; sleep 0.5; ${get}; nginx -s quit; wait` },
  { name: 'postgres', says: /^42\n7$/m,
    script: 'export PATH=$(echo /usr/lib/postgresql/*/bin):$PATH PGDATA=/data; exec setpriv '
      + '--reuid=postgres --regid=postgres --clear-groups sh -ec "initdb -A trust >/dev/null; pg_ctl -w -l /data/log -o \'-k /data -c '
      + "listen_addresses=' start >/dev/null; psql -h /data -At -c 'select 6*7' -c 'create table t (x int)' -c 'insert into t values "
      + "(7)' -c 'checkpoint' -c 'select x from t' | grep -v [A-Z]; pg_ctl -m fast -w stop >/dev/null\"" },
  { name: 'node', says: /node 2d7116 child/, script: 'node -e "$SOURCE"' },
  { name: 'python', says: /python 200 child/, script: 'python3 -c "$SOURCE"' },
  { name: 'perl', says: /perl hello child/, script: 'perl -e "$SOURCE"' },
];
const sources: Readonly<Record<string, string>> = { node, python, perl };

for (const { name, script, says } of programs) {
  test(`learn: ${name} of Debian`, async (c) => {
    const dir = c.dir();
    const file = (kind: string): string => join(dir, `${kind}.json`);
    const read = (kind: string): unknown => JSON.parse(readFileSync(file(kind), 'utf8'));
    const bundle = (text: string, change: (config: Config) => void = () => {}): Bundle => {
      const made = c.command(['bash', '-c', text], (config) => {
        config.process.env = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root',
          `SOURCE=${sources[name] ?? ''}`];
        config.process.noNewPrivileges = true;
        delete config.linux.seccomp;
        change(config);
      }, { image: 'programs', base: dockerConfig });
      mkdirSync(join(made.rootfs, 'data'));
      const { uid, gid } = statSync(join(programsRootfs(), 'var/lib/postgresql'));
      execFileSync('chown', [`${uid}:${gid}`, join(made.rootfs, 'data')]);
      return made;
    };
    const flags = ['--learn', file('seccomp'), '--learn-capabilities', file('capabilities'), '--learn-paths',
      file('paths')];
    for (let run = 0; run < 2; run++) {
      const learned = await c.run(bundle(script), { flags, timeLimit: 300_000 });
      assert.equal(learned.code, 0, learned.stderr);
      assert.match(learned.stdout, says);
      assert.match(learned.stderr, /learned \d+ rules of Landlock/);
    }
    const { annotations } = read('paths') as { annotations: Record<string, string> };
    const seccomp = (config: Config): void => {
      config.linux.seccomp = read('seccomp') as NonNullable<Config['linux']['seccomp']>;
    };
    const landlock = (config: Config): void => {
      config.annotations = annotations;
    };
    const again = await c.run(bundle(script, (config) => {
      seccomp(config);
      landlock(config);
      try {
        config.process.capabilities = read('capabilities') as NonNullable<Config['process']['capabilities']>;
      } catch {
        // this kernel does not tell them
      }
    }), { timeLimit: 300_000 });
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, says);
    const unlearned = 'chroot / /bin/true && echo allowed';
    assert.match((await c.run(bundle(unlearned))).stdout, /allowed/);
    const call = await c.run(bundle(unlearned, seccomp));
    assert.doesNotMatch(call.stdout, /allowed/);
    assert.match(call.stderr, /not permitted/);
    const path = await c.run(bundle(unlearned, landlock));
    assert.doesNotMatch(path.stdout, /allowed/);
    assert.match(path.stderr, /denied/);
  }, { only: 'veloci', skip });
}
