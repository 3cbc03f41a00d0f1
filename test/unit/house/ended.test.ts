import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';
import { isAlive } from '../../support/host/alive.ts';

const script = (library: string): string => `
  import { spawn } from 'node:child_process';
  import { endedBySignals } from ${JSON.stringify(library)};
  const child = spawn('sh', ['-c', 'trap "" TERM INT; sleep 1000 & echo $!; wait'], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  endedBySignals(child, async () => console.log('swept'));
  child.stdout.pipe(process.stdout);`;

t.test('a signal ends all that a script has started, before the script', async (t) => {
  const library = new URL('../../../scripts/lib/ended.js', import.meta.url).href;
  for (const [signal, status] of [['SIGTERM', 143], ['SIGINT', 130]] as const) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script(library)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    const reader = createInterface({ input: child.stdout });
    const ended = once(child, 'close');
    reader.on('line', (line) => {
      if (lines.push(line) === 1) child.kill(signal);
    });
    const [code] = await ended;
    t.equal(code, status);
    t.match(lines, [/^\d+$/, 'swept']);
    t.notOk(isAlive(Number(lines[0])), 'what was started below has ended');
  }
});
