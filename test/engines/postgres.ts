// PostgreSQL of Debian as tutorials run it: an image built by the engine, a named volume, a published port.
import { dirname, join } from 'node:path';
import { existsSync } from 'node:fs';
import { postgresRootfs } from '../support/helpers.ts';
import { docker } from './docker.ts';
import { makeImage } from './image.ts';
import { podman } from './podman.ts';
import { rootless } from './rootless.ts';
import { steps, type Engine } from './types.ts';

const containerfile = `FROM $I
RUN install -d -o postgres -g postgres /data
COPY start /start
ENV PGDATA=/data
USER postgres
EXPOSE 5432
CMD ["/start"]
`;

const start = `#!/bin/sh
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
[ -s /data/PG_VERSION ] || { initdb -A trust && echo "host all all all trust" >>/data/pg_hba.conf; }
exec postgres -c listen_addresses=\\*
`;

const query = 'psql -h 127.0.0.1 -p 15432 -U postgres -At -c';
/** Runs the database and waits until its port answers. */
const serve = (name: string): string =>
  `e run -d --name ${name} $F -p 15432:5432 -v rows:/data database; `
  + `for i in $(seq 60); do ${query} "select 1" >/dev/null 2>&1 && break; sleep 1; done; `;

const story = steps(
  ['build',
    `mkdir -p $D/build; cat >$D/build/Dockerfile <<END\n${containerfile}END\ncat >$D/build/start <<"END"\n${start}END\n`
    + 'chmod 755 $D/build/start; DOCKER_BUILDKIT=0 e build --network none -q -t database $D/build'],
  ['a published port answers a query', `${serve('one')} ${query} "select 6*7"`, /^42$/m],
  ['version', `${query} "select version()"`, /PostgreSQL \d+.*Debian/],
  ['a row is written', `${query} "create table kept (x text)" -c "insert into kept values (\'a row\')"`, /INSERT 0 1/],
  ['exec', 'e exec one psql -At -c "select x from kept"', /^a row$/m],
  ['many clients', `for i in $(seq 20); do ${query} "select pg_sleep(0.2), $i" & done | sort -u | wc -l; wait`,
    /^20$/m],
  ['logs', 'e logs one 2>&1', /ready to accept connections/],
  ['stop: an orderly end', 'e stop -t 30 one; e inspect -f "code={{.State.ExitCode}}" one; e logs one 2>&1',
    /code=0[^]*database system is shut down/],
  ['the volume survives the container', `e rm one; ${serve('two')} ${query} "select x from kept"`, /^a row$/m],
  ['killed, then recovered', `e kill two; e rm -f two; ${serve('three')} ${query} "select x from kept"`, /^a row$/m],
  ['nothing is left', 'e rm -f -t 30 three || e rm -f three; e volume rm rows; e ps -aq | wc -l', /^0$/m],
);

/** An engine that runs the database in the place of its own steps. */
const database = (engine: Engine): Engine => ({
  name: `postgres in ${engine.name}`,
  needs: [...engine.needs, 'psql', 'debootstrap'],
  prepare: () => void postgresRootfs(),
  async begin(dir, runtime) {
    const folder = join(dirname(dir), 'postgres');
    const archive = join(folder, 'image.tar');
    const session = await engine.begin(dir, runtime,
      existsSync(archive) ? archive : makeImage(folder, { rootfs: postgresRootfs() }));
    return { ...session, steps: story };
  },
});

export const postgres: readonly Engine[] = [podman, rootless, docker].map(database);
