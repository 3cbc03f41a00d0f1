import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { decodeRecord } from '../../src/store/record.ts';
import { isContainerId, listStates, readState } from '../../src/store/store.ts';

const stages = { creating: 0, created: 1, executing: 4 };

function record(
  stage: keyof typeof stages,
  pid: number,
  startTime: bigint,
  cgroups: string[] = [],
  inodes: bigint[] = [],
): Uint8Array {
  const bytes = Buffer.alloc(3 * 4096);
  bytes.write('VLCIREC1', 0);
  bytes.writeUInt32LE(2, 8);
  bytes.writeUInt32LE(stages[stage], 12);
  bytes.writeInt32LE(pid, 16);
  bytes.writeBigUInt64LE(startTime, 24);
  bytes.writeUInt32LE(cgroups.length / 2, 840);
  bytes.writeUInt32LE(bytes.write(cgroups.map((text) => `${text}\0`).join(''), 848), 844);
  for (const [place, inode] of inodes.entries()) bytes.writeBigUInt64LE(inode, 4104 + 8 * place);
  return bytes;
}

/** Start time of this process. */
function ownStartTime(): bigint {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return BigInt(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0');
}

function container(root: string, id: string, bytes: Uint8Array): void {
  mkdirSync(join(root, id));
  writeFileSync(join(root, id, 'record'), bytes);
  writeFileSync(join(root, id, 'state.json'),
    JSON.stringify({ ociVersion: '1.2.0', id, bundle: '/b', status: 'stopped' }));
}

t.test('ids', async (t) => {
  for (const id of ['a', 'A_b-c.d+e', '_.', '0', 'x'.repeat(255)]) t.ok(isContainerId(id), id);
  for (const id of ['', '.', '..', '.a', '..a', '-a', 'a/b', '../a', 'a\0', 'ä', 'a\n', 'x'.repeat(256)])
    t.notOk(isContainerId(id), id);
});

t.test('status is derived', async (t) => {
  const root = t.testdir();
  const start = ownStartTime();
  container(root, 'creating', record('creating', 0, 0n));
  container(root, 'created', record('created', process.pid, start));
  container(root, 'running', record('executing', process.pid, start));
  container(root, 'reused-pid', record('executing', process.pid, start + 1n));
  container(root, 'gone', record('executing', 0x7fffffff, 1n));
  mkdirSync(join(root, 'freezer'));
  writeFileSync(join(root, 'freezer', 'freezer.state'), 'FROZEN\n');
  const { ino } = statSync(join(root, 'freezer'), { bigint: true });
  container(root, 'paused', record('executing', process.pid, start, [`${root}/freezer`, '/'], [ino]));
  container(root, 'replaced', record('executing', process.pid, start, [`${root}/freezer`, '/'], [ino + 1n]));
  t.match(listStates(root).map(({ id, status, pid }) => [id, status, pid]), [
    ['created', 'created', process.pid],
    ['creating', 'creating', 0],
    ['gone', 'stopped', 0],
    ['paused', 'paused', process.pid],
    ['replaced', 'running', process.pid],
    ['reused-pid', 'stopped', 0],
    ['running', 'running', process.pid],
  ]);
});

t.test('strange directories are no containers', async (t) => {
  const root = t.testdir();
  container(root, 'short', record('created', 1, 1n).subarray(0, 100));
  container(root, 'text', Buffer.from('x'.repeat(3 * 4096)));
  container(root, 'json', record('created', 1, 1n));
  writeFileSync(join(root, 'json', 'state.json'), '{');
  container(root, 'other-id', record('created', 1, 1n));
  writeFileSync(join(root, 'other-id', 'state.json'), '{"id":"json"}');
  mkdirSync(join(root, 'link'));
  symlinkSync(join(root, 'json', 'record'), join(root, 'link', 'record'));
  writeFileSync(join(root, 'file'), '');
  t.same(listStates(root), []);
  t.equal(readState(root, '../json'), undefined);
  t.same(listStates(join(root, 'missing')), []);
});

t.test('cgroups of a record share paths', async (t) => {
  const decoded = decodeRecord(
    record('created', 1, 1n, ['/c/cpu', '/a', '/c/memory', '/', '/c/pids', '/b'], [3n, 4n, 5n]),
  );
  t.same(decoded?.cgroups, [
    { mount: '/c/cpu', path: '/a', inode: 3n },
    { mount: '/c/memory', path: '/a', inode: 4n },
    { mount: '/c/pids', path: '/b', inode: 5n },
  ]);
});
