// A fixture for tests: PostgreSQL in a container of its own, with its data in memory, gone when the test is over.
//
//   await using database = await startPostgres({ rootfs, folder });
//   await database.query('SELECT 1');                 // or a client of yours, with the socket in `folder`
//
// As a program it runs one query: postgres.js ROOTFS QUERY
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Runtime, type Container, type Spec } from 'veloci';

export interface PostgresOptions {
  /** A root file system that has PostgreSQL, such as an unpacked image; it is only read. */
  readonly rootfs: string;
  /** Where initdb and postgres are in there; default: in PATH. */
  readonly bin?: string;
  /** Further mounts of config.json. */
  readonly mounts?: NonNullable<Spec['mounts']>;
}

export interface Postgres extends AsyncDisposable {
  /** The folder of its socket, for clients: `host` of libpq. */
  readonly folder: string;
  /** Runs a query by psql; a line a row, with tabs between the columns. */
  query(sql: string): Promise<string>;
}

/** Nobody: PostgreSQL does not run as root. */
const user = 65534;
const port = 5432;

function configuration({ rootfs, bin, mounts = [] }: PostgresOptions, folder: string): Spec {
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const start = 'initdb -D /data/db -A trust -U test --no-locale -E UTF8 >/dev/null && exec postgres -D /data/db '
    + `-c listen_addresses= -c unix_socket_directories=/socket -c port=${port} -c fsync=off`;
  return {
    ociVersion: '1.2.0',
    root: { path: resolve(rootfs), readonly: true },
    process: {
      args: ['sh', '-c', start],
      cwd: '/',
      user: { uid: user, gid: user },
      env: [`PATH=${bin === undefined ? path : `${bin}:${path}`}`, 'PGHOST=/socket', 'PGUSER=test', 'PGDATABASE=postgres'],
      noNewPrivileges: true,
    },
    mounts: [
      ...mounts,
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'nodev', 'noexec', 'mode=1777'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmp', options: ['nosuid', 'nodev', 'noexec', 'mode=1777'] },
      { destination: '/data', type: 'tmpfs', source: 'data', options: ['nosuid', 'nodev', 'noexec', 'mode=1777', 'size=512m'] },
      { destination: '/socket', type: 'bind', source: folder, options: ['rbind', 'nosuid', 'nodev', 'noexec'] },
    ],
    linux: {
      namespaces: (['pid', 'network', 'ipc', 'uts', 'mount'] as const).map((type) => ({ type })),
    },
  };
}

/** Whether somebody listens on a socket. */
const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

/**
 * Starts PostgreSQL, and resolves when it answers.
 * @throws VelociError when the container cannot be started; Error with the log when PostgreSQL ends
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const bundle = mkdtempSync(join(tmpdir(), 'postgres-'));
  const folder = mkdtempSync(join(tmpdir(), 'postgres-socket-'));
  chmodSync(folder, 0o777);
  let container: Container | undefined;
  const stop = async (): Promise<void> => {
    await container?.delete();
    for (const path of [bundle, folder]) rmSync(path, { recursive: true, force: true });
  };
  try {
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(configuration(options, folder)));
    const created = container = await new Runtime({ root: join(bundle, 'state') }).create({ bundle, stdio: ['ignore', 'ignore', 'pipe'] });
    const log = text(created.stderr!);
    await created.start();
    const ended = created.exit.then(async () => {
      throw new Error(`PostgreSQL has ended: ${await log}`);
    });
    ended.catch(() => {});
    while (!await Promise.race([answers(join(folder, `.s.PGSQL.${port}`)), ended]))
      await new Promise((wake) => setTimeout(wake, 50));
    return {
      folder,
      async query(sql) {
        const psql = await created.exec(['psql', '-XAtq', '-F', '\t', '-c', sql], { stdio: 'pipe' });
        psql.stdin!.end();
        const [rows, errors, { status }] = await Promise.all([text(psql.stdout!), text(psql.stderr!), psql.exit]);
        if (status !== 0) throw new Error(errors.trim());
        return rows;
      },
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [rootfs = '', sql = 'SELECT version()'] = process.argv.slice(2);
  await using database = await startPostgres({ rootfs });
  process.stdout.write(await database.query(sql));
}
