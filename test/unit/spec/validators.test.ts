// The validators are ajv's code with parts of it rewritten: they must find what ajv itself finds.
import t from 'tap';
import { schemaCompiler } from '../../../scripts/generate/spec/validator.ts';
import { validateConfig, validateProcess } from '../../../src/generated/validate-config.ts';
import type { SchemaError, Validate } from '../../../src/generated/validate.ts';
import { Random } from '../../support/fuzz/random.ts';

const config = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs', readonly: true },
  process: {
    terminal: false,
    user: { uid: 0, gid: 0, umask: 18, additionalGids: [1, 2] },
    args: ['sh'],
    env: ['A=b'],
    cwd: '/',
    capabilities: { bounding: ['CAP_KILL'], effective: [] },
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
    oomScoreAdj: 100,
  },
  hostname: 'h',
  mounts: [{ destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid'] }],
  hooks: { createRuntime: [{ path: '/bin/true', args: ['true'], timeout: 3 }] },
  annotations: { 'a/b~c': 'd' },
  linux: {
    namespaces: [{ type: 'pid' }, { type: 'network', path: '/proc/1/ns/net' }],
    uidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
    devices: [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 438, uid: 0, gid: 0 }],
    resources: { memory: { limit: 2n ** 62n, swap: -1 }, cpu: { shares: 1024 }, pids: { limit: 3 },
      unified: { 'memory.high': '1' } },
    sysctl: { 'net.ipv4.ip_forward': '1' },
    seccomp: { defaultAction: 'SCMP_ACT_ERRNO', architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }] },
    maskedPaths: ['/proc/kcore'],
  },
};

function found(validate: Validate, value: unknown): readonly SchemaError[] {
  return validate(value) ? [] : validate.errors ?? [];
}

function changedLimit(limit: unknown): unknown {
  return { ...config, linux: { resources: { memory: { limit, swap: 0 } } } };
}

t.test('a good configuration is good', async (t) => {
  t.same(found(validateConfig, config), []);
  t.same(found(validateProcess, config.process), []);
});

t.test('64-bit integers are exact', async (t) => {
  for (const limit of [0, -1, 2 ** 53 - 1, 2n ** 63n - 1n, -(2n ** 63n)]) {
    t.same(found(validateConfig, changedLimit(limit)), [], `int64 ${limit}`);
  }
  for (const limit of [2n ** 63n, -(2n ** 63n) - 1n, 2 ** 53, 1.5, NaN, Infinity, '1', null, true]) {
    const fault = { instancePath: '/linux/resources/memory/limit', keyword: 'x-int', params: { type: 'int64' } };
    t.same(found(validateConfig, changedLimit(limit)), [fault], `no int64: ${limit}`);
  }
  const rlimit = (soft: unknown): unknown => ({ ...config.process, rlimits: [{ type: 'RLIMIT_CORE', hard: 0, soft }] });
  for (const soft of [0, 2n ** 64n - 1n]) t.same(found(validateProcess, rlimit(soft)), [], `uint64 ${soft}`);
  for (const soft of [-1, -1n, 2n ** 64n]) {
    const fault = { instancePath: '/rlimits/0/soft', keyword: 'x-int', params: { type: 'uint64' } };
    t.same(found(validateProcess, rlimit(soft)), [fault], `no uint64: ${soft}`);
  }
});

t.test('all errors are found at once, with pointers', async (t) => {
  const errors = found(validateConfig, {
    root: { path: 3 },
    annotations: { 'a/b~c': 1 },
    process: { ...config.process, args: ['x', 1] },
  });
  t.same(errors.map(({ instancePath, keyword }) => `${keyword} ${instancePath}`).sort(), [
    'required ',
    'type /annotations/a~1b~0c',
    'type /process/args/1',
    'type /root/path',
  ]);
});

/** Puts a wrong value in the place of one or two others, or removes them. */
function damaged(random: Random): unknown {
  const copy = structuredClone(config) as unknown;
  for (let count = 1 + random.below(2); count > 0; count--) {
    let place = copy as Record<string, unknown>;
    for (;;) {
      const key = random.pick(Object.keys(place));
      const value = place[key];
      if (typeof value === 'object' && value !== null && Object.keys(value).length > 0 && random.below(5) > 0) {
        place = value as Record<string, unknown>;
        continue;
      }
      if (random.below(4) === 0 && !Array.isArray(place)) delete place[key];
      else place[key] = random.pick<unknown>([null, 'x', '', 1.5, -1, 2 ** 32, true, [], {}, [1], { a: 1 }, 2n ** 64n]);
      break;
    }
  }
  return copy;
}

t.test('it finds what ajv finds', async (t) => {
  const ajv = schemaCompiler('config').getSchema('veloci:config')!;
  const random = new Random(1);
  const list = (
    errors: readonly { instancePath: string; keyword: string; params: unknown }[] | null | undefined,
  ): string =>
    JSON.stringify((errors ?? []).map(({ instancePath, keyword, params }) => [instancePath, keyword, params]));
  let bad = 0;
  for (let round = 0; round < 2000; round++) {
    const value = damaged(random);
    const good = ajv(value);
    if (!good) bad += 1;
    if (validateConfig(value) !== good || list(validateConfig.errors) !== list(ajv.errors)) {
      t.equal(list(validateConfig.errors), list(ajv.errors), `round ${round}`);
      return;
    }
  }
  t.ok(bad > 500, `${bad} of 2000 values are bad`);
});
