// podman run and podman exec through each runtime, on private storage.
import type { Meter } from './meter.ts';
import type { Record, Runtime } from './scenario.ts';
import type { Podman } from '../support/engines/podman.ts';

/** One round: run --rm, then exec in a container that runs. */
export async function podmanRound(podman: Podman, runtime: Runtime, meter: Meter, record: Record): Promise<void> {
  const command = (...args: string[]): string[] => podman.command(runtime.path, args);
  record('podman run --rm', await meter.run(command('run', '--rm', ...podman.runFlags, podman.image, '/true')));
  const name = `bench-${runtime.name}`;
  await meter.run(command('run', '--detach', '--name', name, ...podman.runFlags, podman.image, '/probe', 'pause'));
  record('podman exec', await meter.run(command('exec', name, '/true')));
  await meter.run(command('rm', '--force', '--time', '0', name));
}
